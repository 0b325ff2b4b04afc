//! Finished stacks.

use super::{JobId, Micros, Result, StackId, UserId};
use crate::objects::StoredObject;
use async_trait::async_trait;
use std::time::Duration;

/// A stack whose objects are stored and verified and whose row is not. Object, filter, telescope and keys are the job's.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStack {
    /// The FITS file.
    pub fits: StoredObject,
    /// A PNG, 512 pixels at most.
    pub thumbnail: Option<StoredObject>,
    /// The star table, JSON.
    pub stars: Option<StoredObject>,
    /// Frames given.
    pub n_frames_input: i64,
    /// Frames in it.
    pub n_frames_aligned: i64,
    /// Seconds.
    pub total_exptime: Option<f64>,
    /// Start of the first exposure.
    pub date_obs_start: Option<Micros>,
    /// End of the last exposure.
    pub date_obs_end: Option<Micros>,
    /// Degrees.
    pub ra_deg: Option<f64>,
    /// Degrees.
    pub dec_deg: Option<f64>,
    /// Stars found.
    pub n_stars: Option<i64>,
    /// Pixels.
    pub fwhm_px: Option<f64>,
    /// EQMODE.
    pub eq_mode: Option<bool>,
}

/// A stack, as the row says.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Number.
    pub id: StackId,
    /// The job that made it.
    pub job_id: JobId,
    /// Whose.
    pub user_id: UserId,
    /// OBJECT.
    pub object_name: Option<String>,
    /// Position key.
    pub chunk_key: String,
    /// HEALPix key.
    pub healpix_key: Option<String>,
    /// TELESCOP.
    pub telescope_id: Option<String>,
    /// FILTER.
    pub filter_name: Option<String>,
    /// What was delivered.
    pub made: NewStack,
    /// When it was verified.
    pub created_at: Micros,
}

/// Which stacks of a user.
#[derive(Debug, Clone, Default)]
pub struct StackQuery {
    /// OBJECT, compared without case.
    pub object: Option<String>,
    /// At most so many; 0 for all.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// Rows of stacks.
#[async_trait]
pub trait Stacks {
    /// The user's stacks, latest observation first.
    async fn stacks(&self, user: UserId, query: &StackQuery) -> Result<Vec<Stack>>;
    /// How many there are, whatever `limit` and `offset`.
    async fn count_stacks(&self, user: UserId, query: &StackQuery) -> Result<i64>;
    /// The user's objects and how many stacks each has, by name.
    async fn stacked_objects(&self, user: UserId) -> Result<Vec<(String, i64)>>;
    /// The user's stack of that number.
    async fn stack(&self, user: UserId, id: StackId) -> Result<Option<Stack>>;
    /// The stack a job has made.
    async fn stack_of_job(&self, job: JobId) -> Result<Option<Stack>>;
    /// Deletes a stack's row and its job's; the objects go to the outbox, due after `grace`.
    async fn delete_stack(&self, user: UserId, id: StackId, grace: Duration) -> Result<()>;
}

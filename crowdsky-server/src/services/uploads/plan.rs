//! Frames into jobs: one for each chunk.

use crate::secret::{hex, sha256};
use crate::store::{JobKind, Micros, NewJob, RawFile, RawId};
use crowdsky_core::{Chunk, FrameMeta, Grouping, group_into_chunks};

/// A chunk to be, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its position key.
    pub chunk_key: String,
    /// OBJECT.
    pub object: Option<String>,
    /// FILTER.
    pub filter: Option<String>,
    /// TELESCOP.
    pub telescope: Option<String>,
    /// Seconds of one exposure.
    pub exptime: Option<f64>,
    /// How many frames.
    pub frames: usize,
}

fn grouped(files: &[RawFile]) -> Grouping {
    let frames: Vec<FrameMeta> = files.iter().map(|file| file.meta.clone()).collect();
    group_into_chunks(&frames)
}

/// What would be made of these files.
pub(super) fn groups(files: &[RawFile]) -> Vec<Group> {
    let group = |chunk: &Chunk| {
        let first = chunk.members.first().map(|member| &files[*member].meta);
        Group {
            chunk_key: chunk.position_key.to_string(),
            object: first.and_then(|meta| meta.object.clone()),
            filter: first.and_then(|meta| meta.filter.as_ref().map(ToString::to_string)),
            telescope: first.and_then(|meta| meta.telescope.clone()),
            exptime: first.and_then(|meta| meta.exptime),
            frames: chunk.members.len(),
        }
    };
    grouped(files).chunks.iter().map(group).collect()
}

/// One job for each chunk, and the files in none with the reason. Every file is in exactly one of the two (I5).
pub(super) fn jobs(files: &[RawFile], max_attempts: i64) -> (Vec<NewJob>, Vec<(RawId, String)>) {
    let grouping = grouped(files);
    let job = |chunk: &Chunk| {
        let members: Vec<&RawFile> = chunk.members.iter().map(|member| &files[*member]).collect();
        let first = members.first().map(|file| &file.meta);
        NewJob {
            kind: JobKind::Stack,
            group_hash: group_hash(chunk, &members),
            chunk_key: chunk.position_key.to_string(),
            healpix_key: chunk.healpix_key.as_ref().map(ToString::to_string),
            object_name: first.and_then(|meta| meta.object.clone()),
            telescope_id: first.and_then(|meta| meta.telescope.clone()),
            filter_name: first.and_then(|meta| meta.filter.as_ref().map(ToString::to_string)),
            exptime: first.and_then(|meta| meta.exptime),
            slot_start: Some(Micros::from(chunk.slot.start())),
            files: members.iter().map(|file| file.id).collect(),
            max_attempts,
        }
    };
    let rejected = |left: &crowdsky_core::LeftOut| (files[left.index].id, left.reason.to_string());
    (grouping.chunks.iter().map(job).collect(), grouping.left_out.iter().map(rejected).collect())
}

/// What makes a group one: its key is a label only, and two groups may share it (another filter, another gain).
fn group_hash(chunk: &Chunk, members: &[&RawFile]) -> String {
    let mut text = chunk.position_key.to_string();
    if let Some(first) = members.first() {
        let meta = &first.meta;
        text += &format!(
            "|{:?}|{:?}|{:?}|{:?}|{}x{}|{:?}|{}",
            meta.telescope,
            meta.filter,
            meta.exptime,
            meta.gain,
            meta.width,
            meta.height,
            meta.object,
            first.sha256
        );
    }
    hex(&sha256(text.as_bytes()))
}

//! A storage in which one thing goes wrong.

use async_trait::async_trait;
use bytes::Bytes;
use crowdsky_server::objects::Role;
use crowdsky_server::storage::{Blob, BlobKey, BlobStore, ByteStream, Listed, Result};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What goes wrong.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Other bytes arrive under a key just before it is moved.
    BytesBeforeMove(Vec<u8>),
    /// The first read never begins; the later ones do.
    FirstReadHangs(AtomicBool),
    /// Deletes never end; so many have begun.
    DeletesHang(Arc<AtomicUsize>),
    /// Listings tell no times.
    NoTimes,
}

/// A storage with its trouble.
#[derive(Debug)]
struct Troubled {
    inner: Arc<dyn BlobStore>,
    trouble: Trouble,
}

/// The same storage with this trouble.
pub(crate) fn troubled(inner: &Arc<dyn BlobStore>, trouble: Trouble) -> Arc<dyn BlobStore> {
    Arc::new(Troubled { inner: inner.clone(), trouble })
}

#[async_trait]
impl BlobStore for Troubled {
    fn role(&self) -> Role {
        self.inner.role()
    }

    async fn put(&self, key: &BlobKey, length: u64, body: ByteStream) -> Result<()> {
        self.inner.put(key, length, body).await
    }

    async fn put_file(&self, key: &BlobKey, file: &Path) -> Result<()> {
        self.inner.put_file(key, file).await
    }

    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob> {
        if let Trouble::FirstReadHangs(done) = &self.trouble
            && !done.swap(true, Ordering::SeqCst)
        {
            std::future::pending::<()>().await;
        }
        self.inner.get(key, range).await
    }

    async fn size(&self, key: &BlobKey) -> Result<Option<u64>> {
        self.inner.size(key).await
    }

    async fn rename(&self, from: &BlobKey, to: &BlobKey) -> Result<()> {
        if let Trouble::BytesBeforeMove(bytes) = &self.trouble {
            let whole = Bytes::from(bytes.clone());
            let body = futures_util::stream::once(async move { Ok(whole) }).boxed();
            self.inner.put(from, bytes.len() as u64, body).await?;
        }
        self.inner.rename(from, to).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        if let Trouble::DeletesHang(begun) = &self.trouble {
            begun.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.inner.delete(key).await
    }

    async fn list(&self) -> Result<BoxStream<'static, Result<Listed>>> {
        let list = self.inner.list().await?;
        if !matches!(self.trouble, Trouble::NoTimes) {
            return Ok(list);
        }
        Ok(list.map(|item| item.map(|listed| Listed { modified: None, ..listed })).boxed())
    }

    async fn probe(&self) -> Result<()> {
        self.inner.probe().await
    }

    async fn free(&self) -> Result<Option<u64>> {
        self.inner.free().await
    }
}

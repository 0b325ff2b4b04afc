//! The one place that knows whether there are threads.
//!
//! Results come back in order, whatever the number of threads, and nothing is ever reduced across threads.

/// `[f(0), f(1), ..., f(n - 1)]`.
pub(crate) fn map<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().map(f).collect()
    }
    #[cfg(not(feature = "parallel"))]
    {
        (0..n).map(f).collect()
    }
}

/// `f` of each item, such as a part of the output, with a scratch value per worker that must not influence any result.
pub(crate) fn map_owned<I: Send, S, T: Send>(
    items: Vec<I>,
    init: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, I) -> T + Sync + Send,
) -> Vec<T> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        items.into_par_iter().with_max_len(1).map_init(init, |s, item| f(s, item)).collect()
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut scratch = init();
        items.into_iter().map(|item| f(&mut scratch, item)).collect()
    }
}

/// Both, side by side.
pub(crate) fn both<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    #[cfg(feature = "parallel")]
    {
        rayon::join(a, b)
    }
    #[cfg(not(feature = "parallel"))]
    {
        (a(), b())
    }
}

/// Threads that [`map`] may use here.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    {
        1
    }
}

/// Runs `f` with `threads` threads of its own, or with the common ones if 0.
pub(crate) fn with_threads<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> Result<T, crate::Error> {
    #[cfg(feature = "parallel")]
    {
        if threads == 0 {
            return Ok(f());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| crate::Error::Threads { threads, problem: e.to_string() })?;
        Ok(pool.install(f))
    }
    #[cfg(not(feature = "parallel"))]
    {
        let _ = threads;
        Ok(f())
    }
}

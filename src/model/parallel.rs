//! Work shared out over threads, with the results in the order of the work. Knows nothing of what
//! the work is.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many threads can run at once here.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many small items make a piece of work that is worth being given to a thread.
pub const PART: usize = 128;

/// Does the work on every item on at most so many threads. Whoever is free takes the next item.
pub fn in_order<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut results = worker();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [0, 1, 2, 7] {
            let doubled = in_order(threads, &items, |item| item * 2);
            assert!(doubled.iter().enumerate().all(|(at, double)| *double == at * 2));
            assert_eq!(doubled.len(), items.len());
        }
        assert!(in_order(4, &[0; 0], |item| *item).is_empty());
    }
}

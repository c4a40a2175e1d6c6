//! Time and allocations of a piece of code.
//!
//! In: a closure. Out: a [`Cost`]. Time is the lowest of many samples, since everything else the machine does only adds to it;
//! allocations are counted on this thread, over one more sample. Both include dropping what the closure returns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use alloc_tracker::Session;

/// How long one sample shall take: long enough for the clock, short enough to often be undisturbed.
const SAMPLE: Duration = Duration::from_millis(4);
/// Samples of one measurement.
const SAMPLES: usize = 60;
/// Most prepared inputs that are held at a time.
const BATCH: usize = 256;

/// What one execution costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Nanoseconds.
    pub nanos: f64,
    /// Allocations; growing one counts as one more.
    pub allocations: f64,
    /// Bytes asked for, a grown allocation with its new size.
    pub bytes: f64,
}

impl Cost {
    /// The one of less time.
    pub fn min(self, other: Self) -> Self {
        if other.nanos < self.nanos {
            other
        } else {
            self
        }
    }
}

/// Measures `code` on its own.
pub fn repeated<T>(mut code: impl FnMut() -> T) -> Cost {
    let mut times = 1;
    let per_sample = loop {
        let spent = time(|| run(times, &mut code));
        if spent >= SAMPLE / 4 || times >= 1 << 24 {
            let share = SAMPLE.as_secs_f64() / spent.as_secs_f64().max(1e-9);
            break ((times as f64 * share) as usize).max(1);
        }
        times *= 2;
    };
    let best = (0..SAMPLES)
        .map(|_| time(|| run(per_sample, &mut code)))
        .min()
        .unwrap_or_default();
    let (allocations, bytes) = count(per_sample, || run(per_sample, &mut code));
    Cost {
        nanos: best.as_nanos() as f64 / per_sample as f64,
        allocations,
        bytes,
    }
}

/// Measures `code` on inputs that are prepared outside of the measurement.
pub fn prepared<I, T>(mut prepare: impl FnMut() -> I, mut code: impl FnMut(I) -> T) -> Cost {
    let mut inputs = Vec::with_capacity(BATCH);
    let mut best = Duration::MAX;
    for _ in 0..SAMPLES * 4 {
        inputs.extend(std::iter::repeat_with(&mut prepare).take(BATCH));
        best = best.min(time(|| {
            for input in inputs.drain(..) {
                black_box(code(input));
            }
        }));
    }
    inputs.extend(std::iter::repeat_with(&mut prepare).take(BATCH));
    let (allocations, bytes) = count(BATCH, || {
        for input in inputs.drain(..) {
            black_box(code(input));
        }
    });
    Cost {
        nanos: best.as_nanos() as f64 / BATCH as f64,
        allocations,
        bytes,
    }
}

fn run<T>(times: usize, code: &mut impl FnMut() -> T) {
    for _ in 0..times {
        black_box(code());
    }
}

fn time(code: impl FnOnce()) -> Duration {
    let start = Instant::now();
    code();
    start.elapsed()
}

/// Allocations and bytes of one of `iterations` executions.
fn count(iterations: usize, code: impl FnOnce()) -> (f64, f64) {
    let session = Session::new().no_stdout().no_file();
    {
        let _span = session
            .operation("code")
            .measure_thread()
            .iterations(iterations as u64);
        code();
    }
    let report = session.to_report();
    let per = iterations.max(1) as f64;
    report
        .operations()
        .next()
        .map_or((0.0, 0.0), |(_, operation)| {
            (
                operation.total_allocations_count() as f64 / per,
                operation.total_bytes_allocated() as f64 / per,
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_counted_per_execution() {
        let cost = repeated(|| Vec::<u8>::with_capacity(100));
        assert_eq!((cost.allocations, cost.bytes), (1.0, 100.0));
        let none = repeated(|| black_box(1) + 1);
        assert_eq!((none.allocations, none.bytes), (0.0, 0.0));
    }

    #[test]
    fn preparation_is_not_counted() {
        let cost = prepared(|| vec![1_u8; 10], |input| input.len());
        assert_eq!((cost.allocations, cost.bytes), (0.0, 0.0));
    }
}

//! `retry`: runs its statements again while the condition holds.
//!
//! Statements run at least once; the condition is evaluated after each run. A failure inside (timeout, refused
//! connection, open circuit) is intercepted: the condition sees the response the failure would produce, and the
//! failure goes on only when the condition says stop or the retries are used up. A failure of the client's own request
//! (too large, broken off) goes on at once: there is nothing left to send.

use std::time::Duration;

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Sections, Steps,
    run_steps,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting, buffering, optional};

const CONDITION: Attribute = Attribute::new(
    "condition",
    Kind::Boolean,
    "Run the statements again while this is true; evaluated after each run.",
)
.required();
const COUNT: Attribute = Attribute::new(
    "count",
    Kind::Integer { min: 1, max: 50 },
    "Most retries: the statements run once more than this at most.",
)
.required();
const INTERVAL: Attribute =
    Attribute::new("interval", Kind::Seconds, "Seconds to wait before a retry.").required();
const MAX_INTERVAL: Attribute = Attribute::new(
    "max-interval",
    Kind::Seconds,
    "Longest wait; with `delta`, waits grow exponentially up to it.",
);
const DELTA: Attribute = Attribute::new(
    "delta",
    Kind::Seconds,
    "Growth of the wait: linear, or exponential when `max-interval` is given.",
);
const FIRST_FAST_RETRY: Attribute = Attribute::new(
    "first-fast-retry",
    Kind::Boolean,
    "The first retry does not wait.",
)
.default("false");

/// `retry`
pub static DEFINITION: Definition = Definition {
    name: "retry",
    category: Category::Flow,
    summary: "Runs its statements, and again while the condition holds.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[
        CONDITION,
        COUNT,
        INTERVAL,
        MAX_INTERVAL,
        DELTA,
        FIRST_FAST_RETRY,
    ],
    content: Content::Policies,
    compile,
};

struct Retry {
    condition: Setting<bool>,
    count: Setting<i64>,
    interval: Setting<Duration>,
    max_interval: Option<Setting<Duration>>,
    delta: Option<Setting<Duration>>,
    first_fast_retry: Setting<bool>,
    /// What all but the condition need.
    needs: Needs,
    steps: Steps,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let condition = compiler.boolean(element, &CONDITION);
    let count = compiler.integer(element, &COUNT);
    let interval = compiler.seconds(element, &INTERVAL);
    let max_interval = compiler.seconds(element, &MAX_INTERVAL);
    let delta = compiler.seconds(element, &DELTA);
    let first_fast_retry = compiler.boolean(element, &FIRST_FAST_RETRY);
    compiler.retries += 1;
    let steps = compiler.statements(element);
    compiler.retries -= 1;
    if element.elements().next().is_none() {
        compiler.warning(
            "empty-retry",
            element.name_span.clone(),
            "<retry> holds no statements",
        );
    }
    let (count, interval, first_fast_retry) = (count?, interval?, first_fast_retry?);
    let needs = Needs::default()
        .and(&count)
        .and(&interval)
        .and_optional(&max_interval)
        .and_optional(&delta)
        .and(&first_fast_retry);
    Some(Box::new(Retry {
        condition: condition?,
        count,
        interval,
        max_interval,
        delta,
        first_fast_retry,
        needs,
        steps,
    }))
}

/// The waits of one run of a `retry`, evaluated once at its beginning.
#[derive(Debug, Clone, Copy)]
struct Waits {
    interval: Duration,
    max_interval: Option<Duration>,
    delta: Option<Duration>,
    first_fast: bool,
}

impl Waits {
    /// The wait before retry number `n + 1`; `random` is uniform in [0, 1).
    fn before(&self, n: u32, random: f64) -> Duration {
        if n == 0 && self.first_fast {
            return Duration::ZERO;
        }
        match (self.delta, self.max_interval) {
            (None, None) => self.interval,
            (None, Some(max)) => self.interval.min(max),
            (Some(delta), None) => self.interval + delta.saturating_mul(n),
            (Some(delta), Some(max)) => {
                let growth = f64::from(2_u32.saturating_pow(n) - 1);
                let step = delta.as_secs_f64() * (0.8 + 0.4 * random);
                let seconds = self.interval.as_secs_f64() + growth * step;
                Duration::from_secs_f64(seconds.min(max.as_secs_f64()))
            }
        }
    }
}

impl Retry {
    /// The most retries, and the waits before them.
    fn plan(&self, exchange: &mut Exchange) -> Result<(i64, Waits), Failure> {
        let count = self.count.get(exchange)?;
        if !(1..=50).contains(&count) {
            return Err(PolicyError::expression(
                DEFINITION.name,
                format!("the count of a retry must be 1 to 50, not {count}"),
            )
            .into());
        }
        let waits = Waits {
            interval: self.interval.get(exchange)?,
            max_interval: optional(&self.max_interval, exchange)?,
            delta: optional(&self.delta, exchange)?,
            first_fast: self.first_fast_retry.get_or(exchange, false)?,
        };
        Ok((count, waits))
    }

    async fn attempts(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let (count, waits) = buffering(exchange, self.needs, DEFINITION.name, |exchange| {
            self.plan(exchange)
        })
        .await?;
        // In on-error there is one already, which a success in here must not forget.
        let last_error = exchange.last_error().cloned();
        let mut retries = 0_u32;
        loop {
            let result = run_steps(&self.steps, exchange).await;
            match &result {
                Ok(Outcome::Respond) => return Ok(Outcome::Respond),
                Ok(Outcome::Continue) if retries == 0 => {}
                Ok(Outcome::Continue) => exchange.restore_last_error(last_error.clone()),
                // The rest of the request is gone: no backend can be asked again.
                Err(error) if error.is_client_failure() => return Ok(result?),
                Err(error) => exchange.fail_in_retry(error),
            }
            if i64::from(retries) >= count || !self.condition.get_buffering(exchange).await? {
                return Ok(result?);
            }
            let random = (exchange.ports.random.next() >> 11) as f64 / (1_u64 << 53) as f64;
            let wait = waits.before(retries, random);
            if !wait.is_zero() {
                let ports = exchange.ports.clone();
                ports.clock.sleep(wait).await;
            }
            retries += 1;
        }
    }
}

impl Policy for Retry {
    fn mode(&self) -> Mode {
        Mode::Waiting
    }

    fn run(&self, _exchange: &mut Exchange) -> Result<Outcome, Failure> {
        Ok(Outcome::Continue)
    }

    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(self.attempts(exchange))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(delta: Option<u64>, max: Option<u64>, first_fast: bool) -> Waits {
        Waits {
            interval: Duration::from_secs(10),
            max_interval: max.map(Duration::from_secs),
            delta: delta.map(Duration::from_secs),
            first_fast,
        }
    }

    #[test]
    fn fixed_linear_and_exponential_waits_follow_the_documented_series() {
        let series =
            |waits: Waits| -> Vec<u64> { (0..5).map(|n| waits.before(n, 0.5).as_secs()).collect() };
        assert_eq!(series(waits(None, None, false)), [10, 10, 10, 10, 10]);
        assert_eq!(series(waits(Some(10), None, false)), [10, 20, 30, 40, 50]);
        assert_eq!(
            series(waits(Some(10), Some(100), false)),
            [10, 20, 40, 80, 100]
        );
        assert_eq!(series(waits(Some(10), None, true)), [0, 20, 30, 40, 50]);
        assert_eq!(waits(None, Some(4), false).before(3, 0.0).as_secs(), 4);
    }

    #[test]
    fn exponential_waits_draw_from_a_fifth_around_delta() {
        let waits = waits(Some(10), Some(1000), false);
        assert_eq!(waits.before(1, 0.0), Duration::from_secs(18));
        assert!(waits.before(1, 0.999) < Duration::from_secs(22));
    }
}

//! What follows a finished task: nothing, or another life of the instance.
//!
//! An attempt has its own journal. This is the little that is decided between two of them.

use aur_ir as ir;
use serde::{Deserialize, Serialize};

use crate::words::Verdict;

/// What a job says about further attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptPolicy {
    /// Whether it goes on until it is stopped.
    pub service: bool,
    /// Failed attempts after which it has failed; negative is no limit. A service has none.
    pub max_task_failures: i64,
    /// How long it waits after short lives.
    pub back_off: BackOff,
}

/// How the wait before the next attempt grows while attempts are short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// An attempt that lived less than this is short, milliseconds.
    pub short_ms: u64,
    /// The wait after the first short life, milliseconds; it doubles with each further one in a row.
    pub first_ms: u64,
    /// The longest wait, milliseconds.
    pub most_ms: u64,
}

impl BackOff {
    /// The waits of a local run: from a second up to five minutes.
    pub const LOCAL: Self = Self {
        short_ms: 300_000,
        first_ms: 1_000,
        most_ms: 300_000,
    };
}

/// What the attempts so far amount to. A fresh instance has the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The number of the current attempt.
    pub attempt: u32,
    /// Attempts that failed.
    pub failures: u64,
    /// Short lives in a row.
    pub short_lives: u32,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextAttempt {
    /// Nothing: the result of the last attempt is the result.
    Nothing,
    /// Another attempt.
    After {
        /// The wait, milliseconds.
        wait_ms: u64,
        /// What the attempts amount to then.
        attempts: Attempts,
    },
}

impl AttemptPolicy {
    /// Takes the policy of a job, with local waits.
    pub fn of(job: &ir::Job) -> Self {
        Self {
            service: job.service,
            max_task_failures: job.max_task_failures,
            back_off: BackOff::LOCAL,
        }
    }
}

impl Attempts {
    /// Decides what follows an attempt that ended with `verdict` after `lived_ms`.
    ///
    /// Only a failure counts against the limit; a task that was stopped stays stopped.
    pub fn next(self, policy: &AttemptPolicy, verdict: Verdict, lived_ms: u64) -> NextAttempt {
        let failures = self
            .failures
            .saturating_add(u64::from(verdict == Verdict::Failed));
        let is_spent = u64::try_from(policy.max_task_failures).is_ok_and(|limit| failures >= limit);
        let goes_on = match verdict {
            Verdict::Killed => false,
            Verdict::Success => policy.service,
            Verdict::Failed => policy.service || !is_spent,
            Verdict::Lost => true,
        };
        if !goes_on {
            return NextAttempt::Nothing;
        }
        let short_lives = if lived_ms < policy.back_off.short_ms {
            self.short_lives.saturating_add(1)
        } else {
            0
        };
        NextAttempt::After {
            wait_ms: policy.back_off.wait_ms(short_lives),
            attempts: Self {
                attempt: self.attempt.saturating_add(1),
                failures,
                short_lives,
            },
        }
    }
}

impl BackOff {
    fn wait_ms(self, short_lives: u32) -> u64 {
        let Some(doublings) = short_lives.checked_sub(1) else {
            return 0;
        };
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.first_ms.saturating_mul(factor).min(self.most_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(service: bool, max_task_failures: i64, lives: &[(Verdict, u64)]) -> Vec<Option<u64>> {
        let policy = AttemptPolicy {
            service,
            max_task_failures,
            back_off: BackOff::LOCAL,
        };
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for (verdict, lived_ms) in lives {
            match attempts.next(&policy, *verdict, *lived_ms) {
                NextAttempt::Nothing => waits.push(None),
                NextAttempt::After {
                    wait_ms,
                    attempts: next,
                } => {
                    assert_eq!(next.attempt, attempts.attempt + 1);
                    waits.push(Some(wait_ms));
                    attempts = next;
                }
            }
        }
        waits
    }

    use Verdict::{Failed, Killed, Lost, Success};

    #[test]
    fn a_job_ends_with_success_or_at_its_limit() {
        assert_eq!(waits(false, 1, &[(Success, 1)]), [None]);
        assert_eq!(waits(false, 1, &[(Failed, 1)]), [None]);
        assert_eq!(
            waits(false, 2, &[(Failed, 1), (Lost, 1), (Failed, 1)]),
            [Some(1_000), Some(2_000), None]
        );
        assert_eq!(
            waits(false, -1, &[(Failed, 1), (Success, 1)]),
            [Some(1_000), None]
        );
        assert_eq!(waits(false, 0, &[(Failed, 1)]), [None]);
    }

    #[test]
    fn a_service_goes_on_until_it_is_stopped() {
        let lives = [
            (Success, 1),
            (Failed, 1),
            (Failed, 300_000),
            (Lost, 1),
            (Killed, 1),
        ];
        assert_eq!(
            waits(true, 1, &lives),
            [Some(1_000), Some(2_000), Some(0), Some(1_000), None]
        );
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits = waits(true, 1, &[(Failed, 1); 80]);
        assert_eq!(
            waits[..10].iter().flatten().copied().collect::<Vec<_>>(),
            [
                1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000
            ]
        );
        assert_eq!(waits[79], Some(300_000));
    }
}

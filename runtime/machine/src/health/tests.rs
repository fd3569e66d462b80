use super::*;

/// Answers as `+` and `-`; the health behind each as its first letter.
fn judged(policy: HealthPolicy, answers: &str) -> String {
    let mut checks = Checks::new(Health::Starting);
    let mut health = Health::Starting;
    let letters = answers.chars().map(|answer| {
        let answer = if answer == '+' { Answer::Good } else { Answer::Bad };
        health = checks.take(&policy, answer).unwrap_or(health);
        match health {
            Health::Starting => 's',
            Health::Healthy => 'h',
            Health::Unhealthy => 'u',
        }
    });
    letters.collect()
}

fn policy(grace_attempts: u64, max_failures: u64, min_successes: u64) -> HealthPolicy {
    HealthPolicy {
        grace_attempts,
        max_failures,
        min_successes,
    }
}

// RT-085
#[test]
fn failures_in_a_row_make_it_unhealthy() {
    assert_eq!(judged(policy(0, 2, 1), "--+---"), "sshhhu");
    assert_eq!(judged(policy(0, 0, 1), "+-"), "hu");
    assert_eq!(judged(policy(0, 1, 1), "+-+-+--"), "hhhhhhu");
}

// RT-086
#[test]
fn failures_in_the_grace_period_are_passed_over() {
    assert_eq!(judged(policy(2, 0, 1), "--+"), "ssh");
    assert_eq!(judged(policy(2, 0, 1), "---"), "ssu");
    assert_eq!(judged(policy(0, 0, 1), "-"), "u");
}

// RT-087
#[test]
fn what_cannot_become_healthy_any_more_is_unhealthy_at_once() {
    assert_eq!(judged(policy(1, 0, 3), "-+++"), "sssh");
    assert_eq!(judged(policy(1, 0, 3), "-++-"), "sssu");
    assert_eq!(judged(policy(1, 0, 3), "+-"), "su");
    assert_eq!(judged(policy(0, 2, 2), "+-+-"), "sssu");
}

#[test]
fn the_grace_period_is_counted_in_attempts() {
    let config = |initial_interval_ms, interval_ms| {
        HealthPolicy::of(&ir::HealthCheckConfig {
            initial_interval_ms,
            interval_ms,
            ..ir::HealthCheckConfig::default()
        })
        .grace_attempts
    };
    assert_eq!(
        [config(60_000, 30_000), config(1, 30_000), config(0, 0)],
        [2, 1, 0]
    );
}

//! Results for people: what fails, what is not covered, and what no case would notice.

use std::fmt::Write as _;

use super::{PolicyResult, Results, Unnoticed};
use crate::command::prove::facts_line;
use crate::terminal::Style;

/// Everything worth reading.
pub fn text(results: &Results, style: Style) -> String {
    let mut shown = String::new();
    let (mut held, mut failed) = (0, 0);
    // Writing to a string cannot fail.
    for suite in &results.suites {
        let file = suite.file.display();
        for problem in &suite.problems {
            let _ = writeln!(shown, "{} {file}: {problem}", style.bad("error:"));
        }
        for case in &suite.cases {
            if case.failures.is_empty() {
                held += 1;
                continue;
            }
            failed += 1;
            let _ = writeln!(shown, "{} {file}: {}", style.bad("fails:"), case.name);
            shown.extend(case.failures.iter().map(|failure| format!("    {failure}\n")));
        }
    }
    shown.extend(results.policies.iter().map(|policy| about(policy, style)));
    let tally = format!("{held} cases hold, {failed} fail");
    let _ = writeln!(shown, "{}", if results.hold() { style.good(tally) } else { style.bad(tally) });
    shown
}

fn about(result: &PolicyResult, style: Style) -> String {
    let PolicyResult { policy, percent, rules, predicates, coverage, enough, unnoticed, digest: _ } = result;
    let percent = match enough {
        true => format!("{percent} %"),
        false => format!("{percent} %, less than the threshold,"),
    };
    let percent = if *enough { style.good(percent) } else { style.bad(percent) };
    let mut shown = format!(
        "{} {percent} covered: {} of {} rules decide a case, {} of {} predicates held or failed\n",
        style.bold(format!("policy {policy}:")),
        rules.tried,
        rules.all,
        predicates.tried,
        predicates.all
    );
    for rule in &coverage.rules {
        if rule.decided == 0 {
            let _ = writeln!(shown, "  {} rule `{}` decides no case", style.doubtful("not covered:"), rule.rule);
        }
        for predicate in &rule.predicates {
            for (count, verb) in [(predicate.held, "holds"), (predicate.failed, "fails")] {
                if count == 0 {
                    let (mark, predicate) = (style.doubtful("not covered:"), &predicate.predicate);
                    let _ = writeln!(shown, "  {mark} rule `{}`: `{predicate}` {verb} for no case", rule.rule);
                }
            }
        }
    }
    for Unnoticed { change, request } in unnoticed.iter().flatten() {
        let _ = writeln!(shown, "  {} {change}", style.bad("no case notices:"));
        if let Some(facts) = request {
            let _ = writeln!(shown, "{}", facts_line(facts, &Default::default(), style));
        }
    }
    shown
}

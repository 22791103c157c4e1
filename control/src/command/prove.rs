//! `policymesh prove`: what is certain about a policy.

mod show;

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use policy::prove::{Comparison, Held, InvariantProof, Proof, Relation, Verdict, Who, compare, question};
use serde_json::{Value, json};

pub use self::show::facts_line;
use super::input;
use crate::terminal::Style;

/// Proves what a policy says, over all requests that there can be.
///
/// Without options: whether each invariant holds, which rules are of no use, and what no rule decides. Whatever does not
/// hold is shown with a request.
///
/// Exits with 0 if all holds, with 1 if something does not (or would take too long to tell), and with 2 if it could not
/// be asked.
#[derive(clap::Args)]
pub struct Prove {
    /// The policy, YAML or JSON.
    policy: PathBuf,

    /// Asks whether such a request can never go there, in the words of an invariant:
    /// `{labels: {any: [credential]}, zone: cloud}`.
    #[arg(long, value_name = "MATCH")]
    never: Vec<String>,

    /// Asks whether it decides the same as another policy.
    #[arg(long, value_name = "POLICY")]
    same: Option<PathBuf>,

    /// Asks whether it lets through no more than another policy.
    #[arg(long, value_name = "POLICY")]
    within: Option<PathBuf>,

    /// Asks whether everything that the first team may do, the other may.
    #[arg(long, num_args = 2, value_names = ["TEAM", "OTHER"])]
    team_within: Vec<String>,

    /// Asks whether everything that the first client may do, the other may.
    #[arg(long, num_args = 2, value_names = ["CLIENT", "OTHER"])]
    client_within: Vec<String>,

    /// Fails also where an invariant holds only because it strikes candidates when a request comes.
    #[arg(long)]
    strict: bool,

    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What was asked, and what the answer is.
enum Answer {
    /// All that a policy says of itself.
    Own(Box<Proof>),
    /// Whether something never happens.
    Never(String, InvariantProof),
    /// How two compare: what was asked, in words.
    Compared(String, Comparison),
}

// === impl Prove ===

impl Prove {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let document = input::read(&self.policy)?;
        let Some(policy) = input::parse(&self.policy, &document) else { return Ok(ExitCode::from(1)) };
        let mut answers = Vec::new();
        for never in &self.never {
            answers.push(asked(&document, never)?);
        }
        for (other, relation, words) in [
            (&self.same, Relation::Same, "decides the same as"),
            (&self.within, Relation::Within, "lets through no more than"),
        ] {
            let Some(other) = other else { continue };
            let Some(second) = input::policy(other)? else { return Ok(ExitCode::from(1)) };
            let compared = compare((&policy, Who::default()), (&second, Who::default()), relation)?;
            answers.push(Answer::Compared(format!("{words} {}", other.display()), compared));
        }
        for (two, who) in [(&self.team_within, Who::team as fn(&str) -> Who), (&self.client_within, Who::client)] {
            let [first, other] = two.as_slice() else { continue };
            let compared = compare((&policy, who(first)), (&policy, who(other)), Relation::Within)?;
            answers.push(Answer::Compared(format!("lets `{first}` do no more than `{other}`"), compared));
        }
        if answers.is_empty() {
            answers.push(Answer::Own(Box::new(policy.prove())));
        }
        let shown = if self.json {
            let answers: Vec<_> = answers.iter().map(Answer::to_json).collect();
            format!("{:#}\n", Value::from(answers))
        } else {
            answers.iter().map(|answer| answer.show(Style::of_stdout())).collect()
        };
        stdout().write_all(shown.as_bytes())?;
        let holds = answers.iter().all(|answer| answer.holds(self.strict));
        Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn asked(policy: &[u8], never: &str) -> anyhow::Result<Answer> {
    let document: Value = serde_saphyr::from_str(never).with_context(|| format!("`{never}` is no YAML"))?;
    let proof = question(policy, document.to_string().as_bytes()).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", problems.join("\n"))
    })?;
    Ok(Answer::Never(never.to_owned(), proof))
}

// === impl Answer ===

impl Answer {
    fn holds(&self, strict: bool) -> bool {
        match self {
            Self::Own(proof) => {
                let kept = |proof: &InvariantProof| match proof.verdict {
                    Verdict::Holds => true,
                    Verdict::Strikes => !strict,
                    Verdict::Broken | Verdict::Undecided => false,
                };
                proof.rules.is_empty() && proof.invariants.iter().all(kept)
            }
            Self::Never(_, proof) => proof.verdict == Verdict::Holds,
            Self::Compared(_, comparison) => comparison.holds == Held::Yes,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Own(proof) => json!(proof),
            Self::Never(never, proof) => json!({"never": never, "verdict": proof.verdict, "breaches": proof.breaches}),
            Self::Compared(asked, comparison) => json!({"asked": asked, "comparison": comparison}),
        }
    }

    fn show(&self, style: Style) -> String {
        match self {
            Self::Own(proof) => show::proof(proof, style),
            Self::Never(never, proof) => show::never(never, proof, style),
            Self::Compared(asked, comparison) => show::comparison(asked, comparison, style),
        }
    }
}

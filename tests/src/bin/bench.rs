//! `make bench`: measures what the filter costs, and prints a table. Fails if an answer was not right.
//!
//! `--rounds N`, `--slice MILLISECONDS` and `--kilobytes N,N` say how much is measured, and with which bodies; `--json FILE`
//! writes the figures to a file, too.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tests::bench::{Effort, run};

fn main() -> Result<()> {
    let (effort, json) = read(std::env::args().skip(1))?;
    let start = Instant::now();
    let report = run(&effort, &mut |what| eprintln!("{:>4} s  {what}", start.elapsed().as_secs()))?;
    println!("{report}");
    if let Some(file) = json {
        std::fs::write(&file, format!("{:#}\n", report.json()))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<(Effort, Option<PathBuf>)> {
    let (mut effort, mut json) = (Effort::default(), None);
    while let Some(option) = arguments.next() {
        let value = arguments.next().with_context(|| format!("`{option}` needs a value"))?;
        match option.as_str() {
            "--rounds" => effort.rounds = value.parse().context("`--rounds` takes a number")?,
            "--slice" => effort.slice = Duration::from_millis(value.parse().context("`--slice` takes milliseconds")?),
            "--kilobytes" => effort.sizes = sizes(&value).context("`--kilobytes` takes numbers and commas")?,
            "--json" => json = Some(value.into()),
            _ => bail!("there is no option `{option}`, but `--rounds`, `--slice`, `--kilobytes` and `--json`"),
        }
    }
    Ok((effort, json))
}

fn sizes(kilobytes: &str) -> Result<Vec<usize>> {
    kilobytes.split(',').map(|size| Ok(size.parse::<usize>()? << 10)).collect()
}

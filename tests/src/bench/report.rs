//! What came out, as a table for people and as JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::Effort;
use super::envoys::Footprint;
use super::native::Native;
use super::outage::Outage;
use super::pairs::{Compared, RIVALS};
use super::statistics::Spread;
use super::ways::{self, Passed, WAYS};

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    /// Envoy's version.
    pub envoy: String,
    /// The module's size in bytes.
    pub module: u64,
    /// How much was measured.
    pub effort: Effort,
    /// Processor time a request, by size of body.
    pub compared: Vec<Compared>,
    /// What the adapter costs where it translates or streams.
    pub passed: [Passed; WAYS.len()],
    /// A provider that died under load.
    pub outage: Outage,
    /// The core without Wasm, with the largest bodies.
    pub native: Native,
    /// Milliseconds of a worker's time that activating the default policy takes in Envoy.
    pub activation: Spread,
    /// What the filter takes of an Envoy.
    pub footprint: Footprint,
}

/// What is aimed at, as ratios to the plain Envoy: by size of body in KB, for the first two rivals of ours and for what the adapter adds.
const AIMS: [(&str, [(usize, &str); 3]); 3] = [
    ("router, new text", [(8, "x1.6"), (64, "x2.3"), (512, "x4")]),
    ("router, history seen before", [(8, "x1.6"), (64, "x2"), (512, "x2.5")]),
    ("the adapter adds", [(8, "0.4"), (64, "0.6"), (512, "1")]),
];

/// The places of the rivals that are compared with each other.
const ROUTER: usize = 1;
const WHOLE: usize = 3;

// === impl Report ===

impl Report {
    /// As JSON.
    pub fn json(&self) -> Value {
        let compared = self.compared.iter().map(|compared| {
            let rival = |(index, rival): (usize, &super::pairs::Rival)| {
                let read = compared.read[index];
                json!({
                    "name": rival.name,
                    "ratio": compared.ratio(index).ok().map(Spread::json),
                    "read_megabytes_per_second": read.speed(),
                    "remembered": read.remembered(),
                })
            };
            json!({
                "body_bytes": compared.size,
                "plain_microseconds": compared.plain().ok().map(Spread::json),
                "plain_busy": compared.busy().ok().map(Spread::json),
                "rivals": RIVALS.iter().enumerate().map(rival).collect::<Vec<_>>(),
                "adapter_adds": compared.difference(WHOLE, ROUTER).ok().map(Spread::json),
            })
        });
        let ways = WAYS.iter().zip(&self.passed).map(|(way, passed)| {
            let (ratio, later) = (passed.ratio().ok().map(Spread::json), passed.later().ok().map(Spread::json));
            json!({"name": way.name, "ratio": ratio, "first_byte_later_microseconds": later})
        });
        let Native { new, history, activation } = &self.native;
        let native = json!({
            "new_megabytes_per_second": new.json(),
            "history_megabytes_per_second": history.json(),
            "activation_milliseconds": activation.json(),
        });
        let Footprint { start, start_time, memory } = &self.footprint;
        let two = |[plain, whole]: &[Spread; 2]| json!({"plain": plain.json(), "filter": whole.json()});
        let memory = memory.iter().map(
            |(workers, [plain, whole])| json!({"workers": workers, "plain_megabytes": plain, "filter_megabytes": whole}),
        );
        json!({
            "envoy": self.envoy,
            "module_bytes": self.module,
            "rounds": self.effort.rounds,
            "slice_milliseconds": u64::try_from(self.effort.slice.as_millis()).unwrap_or(u64::MAX),
            "compared": compared.collect::<Vec<_>>(),
            "ways": ways.collect::<Vec<_>>(),
            "outage": {"answered_before": self.outage.before, "answered_after": self.outage.after, "lost": 0},
            "native": native,
            "envoy_activation_milliseconds": self.activation.json(),
            "start_milliseconds": two(start),
            "start_processor_milliseconds": two(start_time),
            "memory": memory.collect::<Vec<_>>(),
            "memory_each_vm_megabytes": self.footprint.each_vm(),
        })
    }

    fn comparison(&self) -> Table {
        let mut table = Table::new(self.compared.iter().map(|compared| kilobytes(compared.size)));
        table.row("without the filter, µs", self.each(|compared| compared.plain().ok().map(plain)));
        for (index, rival) in RIVALS.iter().enumerate() {
            table.row(rival.name, self.each(|compared| compared.ratio(index).ok().map(times)));
            self.aim(rival.name, &mut table);
        }
        table.row("the adapter adds", self.each(|compared| compared.difference(WHOLE, ROUTER).ok().map(plain2)));
        self.aim("the adapter adds", &mut table);
        table.row("Envoy was busy without it", self.each(|compared| compared.busy().ok().map(percent)));
        table
    }

    /// What the filter's own records tell of the time that reading and deciding took, in V8.
    fn reading(&self) -> Table {
        let mut table = Table::new(self.compared.iter().map(|compared| kilobytes(compared.size)));
        for (index, rival) in RIVALS.iter().enumerate().filter(|(_, rival)| rival.kind.decides()) {
            let read = |compared: &Compared| compared.read[index];
            table.row(rival.name, self.each(|compared| Some(format!("{:.0} MB/s", read(compared).speed()?))));
            let seen = self.each(|compared| Some(format!("{:.0} %", 100.0 * read(compared).remembered())));
            table.row("  seen before", seen);
        }
        let Native { new, history, activation } = &self.native;
        let largest = |text: String| {
            let mut cells = vec![String::new(); self.compared.len().saturating_sub(1)];
            cells.push(text);
            cells
        };
        table.row("without Wasm, new text", largest(format!("{:.0} MB/s", new.median)));
        table.row("without Wasm, history", largest(format!("{:.0} MB/s", history.median)));
        table.row("  a policy's activation", largest(format!("{:.1} ms", activation.median)));
        table
    }

    fn ways(&self) -> Table {
        let mut table = Table::new(["processor time", "answer begins later by, µs"].map(String::from));
        for (way, passed) in WAYS.iter().zip(&self.passed) {
            let cells = [passed.ratio().ok().map(times), passed.later().ok().map(plain)];
            table.row(way.name, cells.map(Option::unwrap_or_default).to_vec());
        }
        table
    }

    fn each(&self, of: impl Fn(&Compared) -> Option<String>) -> Vec<String> {
        self.compared.iter().map(|compared| of(compared).unwrap_or_default()).collect()
    }

    fn aim(&self, name: &str, table: &mut Table) {
        let Some((_, aims)) = AIMS.iter().find(|(known, _)| *known == name) else { return };
        let aim = |compared: &Compared| aims.iter().find(|(size, _)| size << 10 == compared.size);
        table.row("  aim", self.each(|compared| aim(compared).map(|(_, aim)| (*aim).to_owned())));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { envoy, module, effort, activation, footprint, .. } = self;
        writeln!(
            f,
            "Processor time of Envoy {envoy}, one worker, for each request, as a multiple of the same Envoy without the filter."
        )?;
        let Effort { rounds, slice, .. } = effort;
        writeln!(
            f,
            "Median of {rounds} pairs of {slice:?} each, back to back, with quartiles.\n\n{}",
            self.comparison()
        )?;
        writeln!(
            f,
            "Reading and deciding in Envoy (V8), by the filter's own records, in MB (10^6 bytes) of body.\n\n{}",
            self.reading()
        )?;
        writeln!(
            f,
            "Router and adapter, {} of new text, next to the plain Envoy with the same answers.\n\n{}",
            kilobytes(ways::SIZE),
            self.ways()
        )?;
        let Outage { before, after } = self.outage;
        writeln!(
            f,
            "A provider died under load: {before} requests were answered before, {after} after by another; 0 were lost.\n"
        )?;
        writeln!(f, "What the filter takes of an Envoy. The module has {:.2} MB.\n", *module as f64 / 1e6)?;
        let mut table = Table::new(["without", "with"].map(String::from));
        table.row("from start to ready, ms", footprint.start.map(plain).to_vec());
        table.row("  processor time, ms", footprint.start_time.map(plain).to_vec());
        for (workers, memory) in &footprint.memory {
            let name = format!("resident memory with {workers} worker(s), MB");
            table.row(&name, memory.map(|megabytes| format!("{megabytes:.1}")).to_vec());
        }
        let each = footprint.each_vm().map(|megabytes| format!("{megabytes:.1}")).unwrap_or_default();
        table.row("  each more VM, MB (aim: at most 12)", vec![String::new(), each]);
        table.row("a policy's activation, ms of a worker (aim: at most 20)", vec![String::new(), plain2(*activation)]);
        write!(f, "{table}")
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{} KB", bytes >> 10)
}

fn plain(Spread { median, low, high }: Spread) -> String {
    format!("{median:.0} [{low:.0}-{high:.0}]")
}

fn plain2(Spread { median, low, high }: Spread) -> String {
    format!("{median:.2} [{low:.2}-{high:.2}]")
}

fn times(Spread { median, low, high }: Spread) -> String {
    format!("x{median:.2} [{low:.2}-{high:.2}]")
}

fn percent(Spread { median, low, high }: Spread) -> String {
    format!("{:.0} % [{:.0}-{:.0}]", 100.0 * median, 100.0 * low, 100.0 * high)
}

/// A table in Markdown whose columns also line up as they are.
struct Table(Vec<Vec<String>>);

// === impl Table ===

impl Table {
    fn new(columns: impl IntoIterator<Item = String>) -> Self {
        Self(vec![[String::new()].into_iter().chain(columns).collect()])
    }

    fn row(&mut self, name: &str, cells: Vec<String>) {
        self.0.push([name.to_owned()].into_iter().chain(cells).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let cell = |row: &[String], column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
        let widths: Vec<_> =
            (0..columns).map(|column| self.0.iter().map(|row| cell(row, column)).max().unwrap_or(0)).collect();
        for (number, row) in self.0.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} |")).collect::<String>();
            writeln!(f, "|{cells}")?;
            if number == 0 {
                let rule = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2))).collect::<String>();
                writeln!(f, "|{rule}")?;
            }
        }
        Ok(())
    }
}

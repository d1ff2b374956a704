//! What was measured, as a table: the median of all rounds, the raw rates, and ratios within a round.

use std::time::Duration;

use crate::measure::Figures;

struct Row {
    name: String,
    /// What it is compared with, and how that is called: of several, the slower one.
    to: Vec<Base>,
    rounds: Vec<Round>,
    note: Option<String>,
}

/// Rows that others are compared with.
pub struct Base {
    pub called: &'static str,
    pub rows: Vec<String>,
}

#[derive(Clone, Copy)]
struct Round {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// Rows in the order in which they were measured first.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn add(&mut self, name: String, figures: &Figures, to: Vec<Base>) {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        let [p50, p99] = [0.5, 0.99].map(|part| milliseconds(figures.quantile(part)));
        let round = Round { rate: figures.rate(), p50, p99 };
        match self.0.iter_mut().find(|row| row.name == name) {
            Some(row) => row.rounds.push(round),
            None => self.0.push(Row { name, to, rounds: vec![round], note: None }),
        }
    }

    /// Says more of a row, as it was in the last round.
    pub fn note(&mut self, name: &str, note: String) {
        let row = self.0.iter_mut().find(|row| row.name == name).unwrap();
        row.note = Some(note);
    }

    pub fn print(&self) {
        println!("{:<46} {:>8} {:>8} {:>8}  rate and p99", "", "events/s", "p50 ms", "p99 ms");
        for row in &self.0 {
            let column = |of: fn(&Round) -> f64| median(row.rounds.iter().map(of).collect());
            let [rate, p50, p99] =
                [column(|round| round.rate), column(|round| round.p50), column(|round| round.p99)];
            let ratios: Vec<String> = row.to.iter().map(|base| self.ratios(row, base)).collect();
            println!("{:<46} {rate:>8.0} {p50:>8.2} {p99:>8.2}  {}", row.name, ratios.join("; "));
            let raw: Vec<String> = row.rounds.iter().map(|round| format!("{:.0}", round.rate)).collect();
            println!("{:<46} raw: {}", "", raw.join(" "));
            row.note.iter().for_each(|note| println!("{:<46} {note}", ""));
        }
    }

    fn ratios(&self, row: &Row, base: &Base) -> String {
        let bases: Vec<&Row> =
            base.rows.iter().filter_map(|name| self.0.iter().find(|other| other.name == *name)).collect();
        let ratios = row.rounds.iter().enumerate().map(|(number, round)| {
            let of = |of: fn(&Round) -> f64| bases.iter().map(move |base| of(&base.rounds[number]));
            let slowest = of(|round| round.rate).fold(f64::INFINITY, f64::min);
            let largest = of(|round| round.p99).fold(0.0, f64::max);
            (round.rate / slowest, round.p99 / largest)
        });
        let (rates, latencies): (Vec<f64>, Vec<f64>) = ratios.unzip();
        format!("{:.2} and {:.2} of {}", median(rates), median(latencies), base.called)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

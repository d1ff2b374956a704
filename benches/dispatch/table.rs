//! What was measured, as a table: the median of all rounds and the raw numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::Figures;

/// What a figure is divided by, in the same round, and what the project has set itself.
#[derive(Clone)]
pub struct Must {
    pub to: String,
    pub at_least: f64,
}

/// What several processes did in the same time.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Events of all processes in a second.
    pub rate: f64,
    /// How many events the process that stored fewest has for each of that which stored most.
    pub least_to_most: f64,
    pub slowest: Duration,
}

#[derive(Default)]
struct Row {
    rates: Vec<f64>,
    /// The other figures of each round, as columns.
    latencies: Vec<[Duration; 3]>,
    must: Option<Must>,
    /// The greatest p99 that is allowed.
    p99: Option<Duration>,
}

/// Rows in the order in which they were measured first.
#[derive(Default)]
pub struct Table {
    names: Vec<String>,
    rows: BTreeMap<String, Row>,
    shares: BTreeMap<String, Vec<Shares>>,
}

impl Table {
    pub fn add(&mut self, name: String, figures: &Figures, must: Option<Must>, p99: Option<Duration>) {
        if !self.rows.contains_key(&name) {
            self.names.push(name.clone());
        }
        let row = self.rows.entry(name).or_default();
        row.rates.push(figures.rate());
        row.latencies.push([0.5, 0.99, 1.0].map(|part| figures.quantile(part)));
        (row.must, row.p99) = (must, p99);
    }

    pub fn add_shares(&mut self, name: String, shares: Shares) {
        self.shares.entry(name).or_default().push(shares);
    }

    /// Prints all of it.
    pub fn print(&self) {
        println!(
            "\n{:<38} {:>9} {:>9} {:>9} {:>9}  ratio (must)",
            "", "events/s", "p50 ms", "p99 ms", "max ms"
        );
        for name in &self.names {
            let row = &self.rows[name];
            let latency = |column: usize| {
                let values = row.latencies.iter().map(|figures| figures[column].as_secs_f64() * 1_000.0);
                median(values.collect())
            };
            let [p50, p99, max] = [0, 1, 2].map(latency);
            println!(
                "{name:<38} {:>9.0} {p50:>9.2} {p99:>9.2} {max:>9.2}  {}",
                median(row.rates.clone()),
                self.verdict(row, p99)
            );
            println!("{:<38} raw: {}", "", listed(&row.rates, 0));
        }
        if self.shares.is_empty() {
            return;
        }
        println!(
            "\n{:<38} {:>9} {:>12} {:>10}",
            "processes of 8 threads", "events/s", "least/most", "slowest ms"
        );
        for (name, shares) in &self.shares {
            let column = |of: fn(&Shares) -> f64| shares.iter().map(of).collect::<Vec<f64>>();
            let least_to_most = column(|shares| shares.least_to_most);
            let must = if !name.ends_with("no turns") { " (at least 0.8)" } else { "" };
            println!(
                "{name:<38} {:>9.0} {:>12.2} {:>10.1}{must}",
                median(column(|shares| shares.rate)),
                median(least_to_most.clone()),
                median(column(|shares| shares.slowest.as_secs_f64() * 1_000.0)),
            );
            println!("{:<38} raw: {}", "", listed(&least_to_most, 2));
        }
    }

    fn verdict(&self, row: &Row, p99: f64) -> String {
        let mut parts = Vec::new();
        // The other figure may be left out.
        if let Some(must) = &row.must
            && let Some(base) = self.rows.get(&must.to)
        {
            let ratios: Vec<f64> =
                row.rates.iter().zip(&base.rates).map(|(rate, base)| rate / base).collect();
            let (ratio, at_least) = (median(ratios.clone()), must.at_least);
            let met = if ratio >= at_least { "met" } else { "MISSED" };
            parts.push(format!(
                "{ratio:.2} of {} (at least {at_least}: {met}; {})",
                must.to,
                listed(&ratios, 2)
            ));
        }
        if let Some(limit) = row.p99 {
            let limit = limit.as_secs_f64() * 1_000.0;
            parts.push(format!("p99 {} {limit} ms", if p99 <= limit { "within" } else { "OVER" }));
        }
        parts.join("; ")
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn listed(values: &[f64], digits: usize) -> String {
    values.iter().map(|value| format!("{value:.digits$}")).collect::<Vec<_>>().join(" ")
}

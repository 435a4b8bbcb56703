//! The columns of the table and the bars that hold in each.

use super::figures::{Book, Row};
use super::scenario::{HUGE, JSON, JSON_MANY, MEDIUM, PACED, SMALL, STREAM_MANY};

/// What a figure is allowed to be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// At most so many times nginx's.
    Most(f64),
    /// At least so many times nginx's.
    Least(f64),
    /// At most so much more than nginx's.
    Above(f64),
    /// At most, whatever nginx does.
    Fixed(f64),
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Micros,
    PerSecond,
    Bytes,
}

pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) figure: fn(&Book, Row) -> Option<f64>,
    /// The bar where client and upstream speak the same wire, and where they do not.
    pub(crate) bars: [Bar; 2],
}

const MIB: f64 = 1024.0 * 1024.0;
const MS: f64 = 1000.0;

pub(crate) const COLUMNS: [Column; 13] = [
    Column {
        title: "+p50 json",
        unit: Unit::Micros,
        figure: |book, row| book.added(row, JSON, |run| run.total_p50),
        bars: [Bar::Most(2.5), Bar::Most(3.5)],
    },
    Column {
        title: "+TTFT 1 KB",
        unit: Unit::Micros,
        figure: |book, row| book.added(row, SMALL, |run| run.first_text_p50),
        bars: [Bar::Most(2.5), Bar::Most(3.0)],
    },
    Column {
        title: "+TTFT 30 KB",
        unit: Unit::Micros,
        figure: |book, row| book.added(row, MEDIUM, |run| run.first_text_p50),
        bars: [Bar::Most(3.0), Bar::Most(4.0)],
    },
    Column {
        title: "+TTFT 2 MB",
        unit: Unit::Micros,
        figure: |book, row| book.added(row, HUGE, |run| run.first_text_p50),
        bars: [Bar::Fixed(4.0 * MS), Bar::Fixed(10.0 * MS)],
    },
    Column {
        title: "req/s json",
        unit: Unit::PerSecond,
        figure: |book, row| book.median(row, JSON_MANY, |run| Some(run.rate)),
        bars: [Bar::Least(0.55), Bar::Least(0.4)],
    },
    Column {
        title: "req/s stream",
        unit: Unit::PerSecond,
        figure: |book, row| book.median(row, STREAM_MANY, |run| Some(run.rate)),
        bars: [Bar::Least(0.5), Bar::Least(0.3)],
    },
    Column {
        title: "CPU json",
        unit: Unit::Micros,
        figure: |book, row| book.cpu(row, JSON_MANY),
        bars: [Bar::Most(2.5), Bar::Most(4.0)],
    },
    Column {
        title: "CPU stream",
        unit: Unit::Micros,
        figure: |book, row| book.cpu(row, STREAM_MANY),
        bars: [Bar::Most(2.5), Bar::Most(4.0)],
    },
    Column {
        title: "CPU 2 MB",
        unit: Unit::Micros,
        figure: |book, row| book.cpu(row, HUGE),
        bars: [Bar::Fixed(4.0 * MS), Bar::Fixed(10.0 * MS)],
    },
    Column {
        title: "RSS idle",
        unit: Unit::Bytes,
        figure: |book, row| book.memory_idle(row),
        bars: [Bar::Fixed(20.0 * MIB), Bar::Fixed(20.0 * MIB)],
    },
    Column {
        title: "RSS slow streams",
        unit: Unit::Bytes,
        figure: |book, row| book.memory_slow(row),
        bars: [Bar::Fixed(45.0 * MIB), Bar::Fixed(45.0 * MIB)],
    },
    Column {
        title: "p99 event lag",
        unit: Unit::Micros,
        figure: |book, row| book.median(row, PACED, |run| run.lag_p99),
        bars: [Bar::Above(5.0 * MS), Bar::Above(5.0 * MS)],
    },
    Column {
        title: "start",
        unit: Unit::Micros,
        figure: |book, row| book.starting(row),
        bars: [Bar::Fixed(60.0 * MS), Bar::Fixed(60.0 * MS)],
    },
];

impl Bar {
    /// Whether `figure` passes; `None` if that takes a figure of nginx that is missing.
    pub(crate) fn holds(self, figure: f64, nginx: Option<f64>) -> Option<bool> {
        Some(match self {
            Bar::Most(times) => figure <= times * nginx?,
            Bar::Least(times) => figure >= times * nginx?,
            Bar::Above(more) => figure <= nginx? + more,
            Bar::Fixed(most) => figure <= most,
        })
    }

    pub(crate) fn write(self, unit: Unit) -> String {
        match self {
            Bar::Most(times) => format!("≤ {times}×"),
            Bar::Least(times) => format!("≥ {times}×"),
            Bar::Above(more) => format!("≤ nginx + {}", unit.write(more)),
            Bar::Fixed(most) => format!("≤ {}", unit.write(most)),
        }
    }

    /// Whether the ratio to nginx says something.
    pub(crate) fn is_ratio(self) -> bool {
        matches!(self, Bar::Most(_) | Bar::Least(_))
    }
}

impl Unit {
    pub(crate) fn write(self, figure: f64) -> String {
        match self {
            Unit::Micros if figure.abs() >= 9_950.0 => format!("{:.0} ms", figure / 1e3),
            Unit::Micros if figure.abs() >= 995.0 => format!("{:.1} ms", figure / 1e3),
            Unit::Micros => format!("{figure:.0} µs"),
            Unit::PerSecond => format!("{figure:.0}"),
            Unit::Bytes => format!("{:.1} MiB", figure / MIB),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_compare_with_nginx() {
        assert_eq!(Bar::Most(2.5).holds(25.0, Some(10.0)), Some(true));
        assert_eq!(Bar::Most(2.5).holds(26.0, Some(10.0)), Some(false));
        assert_eq!(Bar::Most(2.5).holds(26.0, None), None);
        assert_eq!(Bar::Least(0.5).holds(4.0, Some(10.0)), Some(false));
        assert_eq!(Bar::Above(5.0).holds(14.0, Some(10.0)), Some(true));
        assert_eq!(Bar::Fixed(5.0).holds(6.0, None), Some(false));
    }

    #[test]
    fn figures_are_short() {
        let written = [51.2, 994.9, 999.0, 12_340.0].map(|figure| Unit::Micros.write(figure));
        assert_eq!(written, ["51 µs", "995 µs", "1.0 ms", "12 ms"]);
    }
}

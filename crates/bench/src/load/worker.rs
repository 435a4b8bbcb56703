//! The closed loop: each connection asks again as soon as it has its answer.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Args;
use crate::check::{Arrival, Check, Expected};
use crate::connection::Connection;
use crate::tally::{Failure, Tally};

/// How long to wait after a failure, so that a dead peer is not asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(1);

struct Run {
    args: Rc<Args>,
    request: Vec<u8>,
    expected: Expected,
    began: Instant,
    asked: RefCell<u64>,
    tally: RefCell<Tally>,
}

/// Runs all connections until the questions or the time are used up.
pub(crate) async fn run(args: Rc<Args>) -> Tally {
    let run = Rc::new(Run {
        request: args.request(),
        expected: Expected::new(args.dialect, args.stream, args.stamped, args.pieces, args.bytes),
        began: Instant::now(),
        asked: RefCell::default(),
        tally: RefCell::default(),
        args: args.clone(),
    });
    let mut workers = JoinSet::new();
    for _ in 0..args.connections {
        let run = run.clone();
        workers.spawn_local(async move { run.connection().await });
    }
    workers.join_all().await;
    let mut tally = run.tally.take();
    tally.took = run.began.elapsed();
    tally
}

impl Run {
    async fn connection(&self) {
        let mut connection = None;
        while let Some(number) = self.next() {
            let mut check = Check::new(&self.expected, number);
            let began = Instant::now();
            let asked = self.ask(&mut connection, &mut check);
            let answer = timeout(Duration::from_secs_f64(self.args.patience), asked).await;
            let ended = Instant::now();
            let verdict = answer.unwrap_or(Err("timed out".into())).and_then(|()| check.verdict());
            if let Err(failure) = verdict.map(|arrival| self.count(ended - began, began, arrival)) {
                if !self.args.until_right {
                    self.tally.borrow_mut().fail(failure, check.sample());
                }
                connection = None;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn count(&self, total: Duration, began: Instant, arrival: Arrival) {
        let mut tally = self.tally.borrow_mut();
        if tally.warm < self.args.warmup {
            tally.warm += 1;
            return;
        }
        tally.total.push(nanos(total));
        tally.first_text.extend(arrival.first_text.map(|at| nanos(at.saturating_duration_since(began))));
        tally.lag.extend(arrival.lags);
    }

    async fn ask(&self, connection: &mut Option<Connection>, check: &mut Check<'_>) -> Result<(), Failure> {
        let open = match connection.take() {
            Some(open) => connection.insert(open),
            None => connection.insert(Connection::open(self.args.to).await?),
        };
        if !open.ask(&self.request, check).await? {
            *connection = None;
        }
        Ok(())
    }

    /// The number of the next question, while there is one to ask.
    fn next(&self) -> Option<u64> {
        let late = self.began.elapsed().as_secs_f64() >= self.args.max_secs;
        let mut asked = self.asked.borrow_mut();
        let enough = if self.args.until_right {
            !self.tally.borrow().total.is_empty()
        } else {
            *asked >= self.args.requests + self.args.warmup
        };
        *asked += 1;
        (!late && !enough).then_some(*asked - 1)
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

//! The cases, a file each.

mod a1;
mod a2;
mod a3;
mod a6;
mod b1;
mod b2;
mod b4;
mod c1;
mod c3;
mod c4;
mod c5;
mod e1;
mod e2;
mod e3;
mod f2;
mod f4;
mod f5;
mod g2;
mod g3;
mod g8;
mod l9;
mod routes;

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use crate::checks::Checks;
use crate::machine::Stage;

/// A fault or an attack, and how it is tried.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) fault: &'static str,
    /// Everything that must be so, in words.
    pub(crate) checks: &'static [&'static str],
    pub(crate) run: for<'a> fn(&'a Stage, &'a Checks) -> LocalBoxFuture<'a, Result<()>>,
}

pub(crate) const CASES: &[Case] = &[
    a1::CASE,
    a2::CASE,
    a3::CASE,
    a6::CASE,
    b1::CASE,
    b2::CASE,
    b4::CASE,
    c1::CASE,
    c3::CASE,
    c4::CASE,
    c5::CASE,
    e1::CASE,
    e2::CASE,
    e3::CASE,
    f2::CASE,
    f4::CASE,
    f5::CASE,
    g2::CASE,
    g3::CASE,
    g8::CASE,
    l9::CASE,
];

//! Converse and ConverseStream: one dialect for every vendor's models.

mod ask;
mod check;
mod render;
mod shape;

pub(super) use check::check_counted;
use serde_json::Value;

use super::Scene;
use super::compose::compose;
use crate::Refusal;
use crate::dice::Dice;
use crate::reply::Reply;

pub(super) fn answer(scene: &Scene<'_>, body: &Value, dice: &mut Dice) -> Result<Reply, Refusal> {
    if scene.strict {
        check::check(scene.model, body, scene.streams)?;
    }
    let mut answer = compose(&ask::read(scene, body), "tooluse_", dice);
    scene.account(&ask::prefixes(scene, body), &mut answer)?;
    let tier = body["serviceTier"]["type"].as_str().map(str::to_owned);
    if scene.streams {
        return Ok(Reply::event_stream(render::stream(answer, tier, dice.next())));
    }
    Ok(Reply::json(&render::whole(&answer, tier.as_deref())))
}

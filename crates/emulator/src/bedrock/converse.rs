//! Converse and ConverseStream: one dialect for every vendor's models.

mod ask;
mod render;

use serde_json::Value;

use super::Scene;
use super::compose::compose;
use crate::Refusal;
use crate::dice::Dice;
use crate::reply::Reply;

pub(super) fn answer(scene: &Scene<'_>, body: &Value, dice: &mut Dice) -> Result<Reply, Refusal> {
    let mut answer = compose(&ask::read(scene, body), "tooluse_", dice);
    let output = answer.usage.output;
    answer.usage = scene.account(&ask::prefixes(scene, body));
    answer.usage.output = output;
    let tier = body["serviceTier"]["type"].as_str().map(str::to_owned);
    if scene.streams {
        return Ok(Reply::event_stream(render::stream(answer, tier, dice.next())));
    }
    Ok(Reply::json(&render::whole(&answer, tier.as_deref())))
}

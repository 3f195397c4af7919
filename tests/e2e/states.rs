//! Every verb of every kind of plain record with states, in every state, over the wire;
//! each is one step with one event.

use std::{collections::BTreeMap, fmt::Write as _};

use wangge_testkit::precondition;
use wangge_tests::{
    City, World,
    plain::{KINDS, Kind, attempt, make, take},
};

/// Returns the shortest path into each state: verbs from the creation on.
async fn ways(world: &World, city: &City, kind: &Kind) -> BTreeMap<String, Vec<&'static str>> {
    let mut ways = BTreeMap::from([("none".to_owned(), Vec::new())]);
    for course in kind.courses {
        let id = make(world, city, kind).await;
        for (number, verb) in course.iter().enumerate() {
            let state = take(world, city, kind, verb, &id).await;
            let way = course[..=number].to_vec();
            let known = ways.entry(state).or_insert_with(|| way.clone());
            if way.len() < known.len() {
                *known = way;
            }
        }
    }
    ways
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_in_every_state() {
    let world = World::start().await;
    let city = City::build(&world).await;
    let mut table = String::new();
    for kind in KINDS.iter().filter(|kind| !kind.verbs.is_empty()) {
        writeln!(table, "{}", kind.kind).unwrap();
        for (state, way) in ways(&world, &city, kind).await {
            for verb in kind.verbs {
                let id = make(&world, &city, kind).await;
                for before in &way {
                    take(&world, &city, kind, before, &id).await;
                }
                let after = match attempt(&world, &city, kind, verb.name, &id).await {
                    Ok(after) => after,
                    Err(answer) if answer.reason() == "STATE_CONFLICT" => continue,
                    Err(answer) => {
                        let guard = precondition(&answer.status);
                        guard.unwrap_or_else(|| answer.reason())
                    }
                };
                writeln!(table, "    {state:<20} {:<28} -> {after}", verb.name).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

//! The plan before a server is asked about it. What is made anew has another uid then, and all that is named
//! by it another name, so that what is wanted is looked at again. Pure.

use crate::world::World;
use crate::world::lower::Desired;

use super::Plan;
use super::allowed::Options;
use super::build::reviewed;
use super::preflight::Trouble;

/// What is wanted, how it comes about, and what stands in the way.
pub struct Decided {
    pub desired: Desired,
    pub plan: Plan,
    pub troubles: Vec<Trouble>,
}

/// Decides on a plan; `lowered` says what is wanted, seen from a live world.
pub fn decided(
    lowered: impl Fn(&World) -> Desired,
    live: &World,
    project: &str,
    options: &Options,
) -> Decided {
    let from = |world: &World| {
        let desired = lowered(world);
        let (plan, troubles) = reviewed(&desired, live, project, options);
        Decided { desired, plan, troubles }
    };
    let first = from(live);
    // Only on the other plane is anything named by a uid.
    if live.accounts.is_empty() || first.plan.renewed().next().is_none() {
        return first;
    }
    let mut without = live.clone();
    for key in first.plan.renewed() {
        if let Some(object) = without.objects.get_mut(key) {
            object.uid = None;
        }
    }
    from(&without)
}

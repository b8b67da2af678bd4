//! The states of a vehicle and the way through them: registered, in service, up for disposal, out, deregistered.

/// Every state, in the order of a vehicle's life. A purchase that is approved but not registered has no file yet.
pub const STATUSES: &[(&str, &str)] = &[
    ("registered", "已注册"),
    ("idle", "空闲"),
    ("dispatched", "出车"),
    ("maintenance", "维修"),
    ("sealed", "封存"),
    (PENDING_DISPOSAL, "待处置"),
    ("auctioned", "已拍卖"),
    ("exchanged", "已置换"),
    ("transferred", "已调出"),
    (RECYCLED, "已回收"),
    (DEREGISTERED, "注销"),
];

/// Its disposal is asked for or approved.
pub const PENDING_DISPOSAL: &str = "pending_disposal";
/// A recycler has it.
pub const RECYCLED: &str = "recycled";
/// Its registration has ended.
pub const DEREGISTERED: &str = "deregistered";

/// Single steps. Disposal that is not approved brings a vehicle back; what is out stays out.
const STEPS: &[(&str, &[&str])] = &[
    ("registered", &["idle", "sealed"]),
    ("idle", &["dispatched", "maintenance", "sealed", PENDING_DISPOSAL]),
    ("dispatched", &["idle", "maintenance"]),
    ("maintenance", &["idle", "sealed"]),
    ("sealed", &["idle", "maintenance", PENDING_DISPOSAL]),
    (PENDING_DISPOSAL, &["sealed", "auctioned", "exchanged", "transferred", RECYCLED]),
    ("auctioned", &[DEREGISTERED]),
    ("exchanged", &[DEREGISTERED]),
    ("transferred", &[DEREGISTERED]),
    (RECYCLED, &[DEREGISTERED]),
    (DEREGISTERED, &[]),
];

/// Whether a vehicle may have come from one state to another: a register file is a snapshot and may have missed
/// steps between.
pub fn may_become(from: &str, to: &str) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while let Some(state) = reached.get(at) {
        let next = STEPS.iter().find(|(step, _)| step == state).map_or(&[][..], |(_, next)| next);
        let new: Vec<_> = next.iter().copied().filter(|state| !reached.contains(state)).collect();
        reached.extend(new);
        at += 1;
    }
    reached.contains(&to)
}

/// Whether it serves: such a vehicle may be listed.
pub fn is_in_service(status: &str) -> bool {
    ["idle", "dispatched", "maintenance", "sealed"].contains(&status)
}

/// Whether its owner still has it: it counts against the quota and bears its plate alone.
pub fn is_kept(status: &str) -> bool {
    is_in_service(status) || ["registered", PENDING_DISPOSAL].contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_steps_and_they_lead_to_states() {
        let states: Vec<_> = STATUSES.iter().map(|(code, _)| *code).collect();
        let steps: Vec<_> = STEPS.iter().map(|(code, _)| *code).collect();
        assert_eq!(states, steps);
        assert!(STEPS.iter().flat_map(|(_, next)| *next).all(|state| states.contains(state)));
    }

    #[test]
    fn a_snapshot_may_skip_states_but_never_go_back_out_of_the_end() {
        let table = [
            ("registered", "dispatched", true),
            ("dispatched", "pending_disposal", true),
            ("idle", "deregistered", true),
            ("pending_disposal", "idle", true),
            ("idle", "idle", true),
            ("idle", "registered", false),
            ("recycled", "idle", false),
            ("recycled", "auctioned", false),
            ("transferred", "idle", false),
            ("deregistered", "idle", false),
        ];
        for (from, to, may) in table {
            assert_eq!(may_become(from, to), may, "{from} → {to}");
        }
    }
}

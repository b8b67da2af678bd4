//! Every route that there is, with its place and the right that it takes, and which role has which right: the one
//! table that says who may do what. A new route has to choose here before it compiles.

use axum::http::Method;

use crate::systems::doors::Role;

/// What can be asked over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    Health,
    Metrics,
    Status,
    Digests,
    Doctor,
    List,
    Show,
    Places,
    Cut,
    VehicleReport,
    AssetReport,
    EnergyReport,
    Requests,
    Request,
    Calendar,
    Accounts,
    Search,
    Tariffs,
    Supervision,
    FreeDrivers,
    Duties,
    Feed,
    Handovers,
    Explain,
    Preview,
    Papers,
    Import,
    Withdraw,
    Scrap,
    Duty,
    HandOver,
    Block,
    Release,
    Ask,
    Act,
    SetTariff,
    Say,
    Join,
    GiveUp,
    Pack,
    Unpack,
    Pause,
    Excuse,
    Stop,
    Disclosed,
    DisclosedEntries,
    Deeds,
    Tokens,
    MakeToken,
    RevokeToken,
}

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// See how the node stands.
    Watch,
    /// Read registers and what members show.
    Look,
    /// Change registers.
    Enter,
    /// Bind the office, let something leave, or take the node off the network.
    Decide,
    /// Read who did what, and what has left.
    Audit,
    /// Say who may come in: over the socket alone, whatever the role.
    Admit,
}

impl Role {
    /// Whether a role has a right.
    pub fn has(self, right: Right) -> bool {
        use Right::{Admit, Audit, Decide, Enter, Look, Watch};
        match self {
            Role::Operator => match right {
                Watch | Look | Enter | Decide | Audit => true,
                Admit => false,
            },
            Role::Registrar => match right {
                Watch | Look | Enter => true,
                Decide | Audit | Admit => false,
            },
            Role::Observer => match right {
                Watch | Look => true,
                Enter | Decide | Audit | Admit => false,
            },
            Role::Auditor => match right {
                Watch | Audit => true,
                Look | Enter | Decide | Admit => false,
            },
        }
    }
}

impl Right {
    /// Whether using it is a deed that is recorded; reading is not.
    pub fn is_to_act(self) -> bool {
        match self {
            Right::Enter | Right::Decide | Right::Admit => true,
            Right::Watch | Right::Look | Right::Audit => false,
        }
    }
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 50] = [
        Self::Health,
        Self::Metrics,
        Self::Status,
        Self::Digests,
        Self::Doctor,
        Self::List,
        Self::Show,
        Self::Places,
        Self::Cut,
        Self::VehicleReport,
        Self::AssetReport,
        Self::EnergyReport,
        Self::Requests,
        Self::Request,
        Self::Calendar,
        Self::Accounts,
        Self::Search,
        Self::Tariffs,
        Self::Supervision,
        Self::FreeDrivers,
        Self::Duties,
        Self::Feed,
        Self::Handovers,
        Self::Explain,
        Self::Preview,
        Self::Papers,
        Self::Import,
        Self::Withdraw,
        Self::Scrap,
        Self::Duty,
        Self::Block,
        Self::HandOver,
        Self::Release,
        Self::Ask,
        Self::Act,
        Self::SetTariff,
        Self::Say,
        Self::Join,
        Self::GiveUp,
        Self::Pack,
        Self::Unpack,
        Self::Pause,
        Self::Excuse,
        Self::Stop,
        Self::Disclosed,
        Self::DisclosedEntries,
        Self::Deeds,
        Self::Tokens,
        Self::MakeToken,
        Self::RevokeToken,
    ];

    /// Its name in records of deeds and in metrics, its method and path, and the right that it takes.
    pub fn entry(self) -> (&'static str, Method, &'static str, Right) {
        use Right::{Admit, Audit, Decide, Enter, Look, Watch};
        const GET: Method = Method::GET;
        const POST: Method = Method::POST;
        match self {
            Self::Health => ("health", GET, "/healthz", Watch),
            Self::Metrics => ("metrics", GET, "/metrics", Watch),
            Self::Status => ("status", GET, "/v1/status", Watch),
            Self::Digests => ("digests", GET, "/v1/digests", Watch),
            Self::Doctor => ("doctor", GET, "/v1/doctor", Watch),
            Self::List => ("list", GET, "/v1/{kind}", Look),
            Self::Show => ("show", GET, "/v1/{kind}/one", Look),
            Self::Places => ("places", GET, "/v1/places", Look),
            Self::Cut => ("cut", GET, "/v1/cut", Look),
            Self::VehicleReport => ("vehicle-report", GET, "/v1/vehicles/report", Look),
            Self::AssetReport => ("asset-report", GET, "/v1/assets/report", Look),
            Self::EnergyReport => ("energy-report", GET, "/v1/energy/report", Look),
            Self::Requests => ("requests", GET, "/v1/requests", Look),
            Self::Request => ("request", GET, "/v1/requests/one", Look),
            Self::Calendar => ("calendar", GET, "/v1/requests/calendar", Look),
            Self::Accounts => ("accounts", GET, "/v1/requests/net", Look),
            Self::Search => ("search", GET, "/v1/vehicles/search", Look),
            Self::Tariffs => ("tariffs", GET, "/v1/vehicles/tariffs", Look),
            Self::Supervision => ("supervision", GET, "/v1/vehicles/supervision", Look),
            Self::FreeDrivers => ("free-drivers", GET, "/v1/drivers/free", Look),
            Self::Duties => ("duties", GET, "/v1/drivers/duties", Look),
            Self::Handovers => ("handovers", GET, "/v1/{kind}/handovers", Look),
            Self::HandOver => ("hand-over", POST, "/v1/{kind}/handover", Decide),
            Self::Feed => ("feed", GET, "/v1/feed", Look),
            Self::Explain => ("explain", GET, "/v1/explain", Look),
            Self::Preview => ("disclosure-preview", POST, "/v1/disclosure/preview", Look),
            Self::Import => ("import", POST, "/v1/{kind}/import", Enter),
            Self::Withdraw => ("withdraw", POST, "/v1/{kind}/withdraw", Enter),
            Self::Scrap => ("scrap", POST, "/v1/vehicles/scrap", Enter),
            Self::Duty => ("duty", POST, "/v1/drivers/duty", Enter),
            Self::Block => ("block", POST, "/v1/requests/block", Enter),
            Self::Ask => ("ask", POST, "/v1/requests", Decide),
            Self::Act => ("act", POST, "/v1/requests/act", Decide),
            Self::SetTariff => ("tariff-set", POST, "/v1/vehicles/tariffs", Decide),
            Self::Release => ("release", POST, "/v1/energy/release", Decide),
            Self::Papers => ("papers", GET, "/v1/agreements/{id}/papers", Look),
            Self::Say => ("say", POST, "/v1/agreements/{id}/say", Decide),
            Self::Join => ("join", POST, "/v1/agreements", Decide),
            Self::GiveUp => ("purge", POST, "/v1/agreements/{id}/purge", Decide),
            Self::Pack => ("bundle-export", POST, "/v1/bundles/export", Decide),
            Self::Unpack => ("bundle-import", POST, "/v1/bundles", Decide),
            Self::Pause => ("pause", POST, "/v1/pause", Decide),
            Self::Excuse => ("excuse", POST, "/v1/excuse", Decide),
            Self::Stop => ("stop", POST, "/v1/stop", Decide),
            Self::Disclosed => ("disclosure-log", GET, "/v1/disclosure/log", Audit),
            Self::DisclosedEntries => ("disclosure-entries", GET, "/v1/disclosure/entries", Audit),
            Self::Deeds => ("deeds", GET, "/v1/deeds", Audit),
            Self::Tokens => ("tokens", GET, "/v1/tokens", Audit),
            Self::MakeToken => ("token-new", POST, "/v1/tokens", Admit),
            Self::RevokeToken => ("token-revoke", POST, "/v1/tokens/revoke", Admit),
        }
    }

    /// As in [`Route::entry`].
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// As in [`Route::entry`].
    pub fn right(self) -> Right {
        self.entry().3
    }

    /// The route of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_list_once_under_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Route::ALL.iter().map(|route| route.name()).collect();
        assert_eq!(names.len(), Route::ALL.len());
        // The compiler counts the variants: the last one is the one with the highest number.
        assert_eq!(Route::RevokeToken as usize + 1, Route::ALL.len());
        assert!(Route::ALL.into_iter().all(|route| Route::named(route.name()) == Some(route)));
    }

    /// What each role may do, by name, as the README has it.
    #[test]
    fn a_role_may_do_this_and_nothing_else() {
        let may = |role: Role| -> Vec<&str> {
            let routes = Route::ALL.into_iter().filter(|route| role.has(route.right()));
            routes.map(Route::name).collect()
        };
        let watch = ["health", "metrics", "status", "digests", "doctor"];
        let reports = ["list", "show", "places", "cut", "vehicle-report", "asset-report", "energy-report"];
        let bookings = ["requests", "request", "calendar", "accounts", "search", "tariffs"];
        let fleet = ["supervision", "free-drivers", "duties", "feed", "handovers"];
        let disclosure = ["explain", "disclosure-preview", "papers"];
        let look = [&reports[..], &bookings, &fleet, &disclosure].concat();
        let enter = ["import", "withdraw", "scrap", "duty", "block"];
        let decide = [
            "hand-over",
            "release",
            "ask",
            "act",
            "tariff-set",
            "say",
            "join",
            "purge",
            "bundle-export",
            "bundle-import",
            "pause",
            "excuse",
            "stop",
        ];
        let audit = ["disclosure-log", "disclosure-entries", "deeds", "tokens"];
        assert_eq!(may(Role::Auditor), [&watch[..], &audit].concat());
        assert_eq!(may(Role::Observer), [&watch[..], &look].concat());
        assert_eq!(may(Role::Registrar), [&watch[..], &look, &enter].concat());
        assert_eq!(may(Role::Operator), [&watch[..], &look, &enter, &decide, &audit].concat());
    }
}

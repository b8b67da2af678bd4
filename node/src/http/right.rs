//! What a route is, what it takes, and which role has which right. Which routes there are stands in [`super::route`].

use axum::http::Method;
use axum::routing::MethodRouter;

use super::Desk;
use crate::systems::doors::Role;

/// What can be asked over HTTP.
#[derive(Debug)]
pub struct Route {
    /// In records of deeds and in metrics.
    pub name: &'static str,
    /// What it takes.
    pub right: Right,
    /// How it is asked.
    pub method: Method,
    /// Where.
    pub path: &'static str,
    /// Its name for people, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// What serves it.
    pub(super) serve: fn() -> MethodRouter<Desk>,
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

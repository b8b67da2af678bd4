//! Every route that there is: the one table that says what can be asked over HTTP, who may, and what serves it. A route
//! more is a line here; nothing else has to know it.

use axum::http::Method;
use axum::routing::{MethodFilter, on};

use super::right::{Right, Route};
use super::{
    bundle, data, disclosure, doctor, drivers, epochs, feed, fleet, handover, metrics, node, requests, tokens,
};
use crate::systems::energy::release_act;
use crate::systems::vehicles::scrapping;

/// Routes line by line: name, right, method and path, what serves it, and its name for people.
macro_rules! routes {
    ($($name:literal $right:ident $method:ident $path:literal => $serve:expr, $zh:literal $en:literal;)*) => {
        &[$(Route {
            name: $name,
            right: Right::$right,
            method: Method::$method,
            path: $path,
            zh: $zh,
            en: $en,
            serve: || on(MethodFilter::$method, $serve),
        }),*]
    };
}

/// All of them, by the right that they take.
pub static ALL: &[Route] = routes! {
    "health" Watch GET "/healthz" => node::health, "查看健康状况" "see health";
    "metrics" Watch GET "/metrics" => metrics::metrics, "读取指标" "read metrics";
    "status" Watch GET "/v1/status" => node::status, "查看状况" "see status";
    "digests" Watch GET "/v1/digests" => node::digests, "查看摘要" "see digests";
    "doctor" Watch GET "/v1/doctor" => doctor::examine, "诊断" "examine";
    "list" Look GET "/v1/{kind}" => data::list, "列表" "list";
    "show" Look GET "/v1/{kind}/one" => data::show, "查看一条" "show one";
    "places" Look GET "/v1/places" => data::places, "查找记录位置" "find a record";
    "cut" Look GET "/v1/cut" => node::cut, "查看数据日志到哪里" "see how far the log goes";
    "vehicle-report" Look GET "/v1/vehicles/report" => data::vehicle_report, "车辆汇总" "vehicle report";
    "asset-report" Look GET "/v1/assets/report" => data::asset_report, "资产汇总" "asset report";
    "energy-report" Look GET "/v1/energy/report" => data::energy_report, "能耗汇总" "energy report";
    "requests" Look GET "/v1/requests" => requests::list, "预订列表" "list requests";
    "request" Look GET "/v1/requests/one" => requests::show, "查看预订" "show a request";
    "calendar" Look GET "/v1/requests/calendar" => requests::calendar, "查看日历" "see a calendar";
    "accounts" Look GET "/v1/requests/net" => requests::month, "查看往来账" "see accounts";
    "search" Look GET "/v1/vehicles/search" => requests::find, "查找车辆" "search vehicles";
    "tariffs" Look GET "/v1/vehicles/tariffs" => requests::tariffs, "查看价目" "see tariffs";
    "supervision" Look GET "/v1/vehicles/supervision" => fleet::supervision,
        "车辆监督" "supervision of vehicles";
    "free-drivers" Look GET "/v1/drivers/free" => drivers::free, "查看可出车驾驶员" "see who may drive";
    "duties" Look GET "/v1/drivers/duties" => drivers::taken_up, "查看驾驶员任务" "see a driver's duties";
    "feed" Look GET "/v1/feed" => feed::feed, "读取变化" "read what changed";
    "handovers" Look GET "/v1/{kind}/handovers" => handover::list, "查看移交" "see handovers";
    "explain" Look GET "/v1/explain" => disclosure::explain, "查询谁能看到" "explain";
    "disclosure-preview" Look POST "/v1/disclosure/preview" => disclosure::preview,
        "预览对外提供" "preview a disclosure";
    "papers" Look GET "/v1/agreements/{id}/papers" => epochs::papers,
        "读取协议文件" "read an agreement's papers";
    "import" Enter POST "/v1/{kind}/import" => data::import, "导入" "import";
    "withdraw" Enter POST "/v1/{kind}/withdraw" => data::withdraw, "撤销" "withdraw";
    "scrap" Enter POST "/v1/vehicles/scrap" => data::done::<scrapping::Command>,
        "办理车辆报废" "scrap a vehicle";
    "duty" Enter POST "/v1/drivers/duty" => drivers::duty, "派驾驶员" "take up a driver";
    "block" Enter POST "/v1/requests/block" => requests::block, "暂不外派" "keep at home";
    "hand-over" Decide POST "/v1/{kind}/handover" => handover::hand_over, "办理移交" "hand over";
    "release" Decide POST "/v1/energy/release" => data::done::<release_act::Command>,
        "发布能耗" "release energy";
    "ask" Decide POST "/v1/requests" => requests::ask, "申请" "ask for";
    "act" Decide POST "/v1/requests/act" => requests::act, "办理预订" "go on with a request";
    "tariff-set" Decide POST "/v1/vehicles/tariffs" => requests::set_tariff, "设定价目" "set a tariff";
    "say" Decide POST "/v1/agreements/{id}/say" => epochs::say,
        "对协议版次表态" "propose a version or give an opinion";
    "join" Decide POST "/v1/agreements" => node::join, "加入协议" "join an agreement";
    "purge" Decide POST "/v1/agreements/{id}/purge" => epochs::give_up,
        "清除一方的记录" "purge a member's records";
    "bundle-export" Decide POST "/v1/bundles/export" => bundle::pack, "导出离线包" "export a bundle";
    "bundle-import" Decide POST "/v1/bundles" => bundle::unpack, "导入离线包" "import a bundle";
    "pause" Decide POST "/v1/pause" => node::pause, "暂停或恢复联网" "pause or resume";
    "excuse" Decide POST "/v1/excuse" => node::excuse, "不再或恢复等候" "excuse or expect";
    "stop" Decide POST "/v1/stop" => node::stop, "停止节点" "stop the node";
    "disclosure-log" Audit GET "/v1/disclosure/log" => disclosure::log, "查看已对外提供" "read what has left";
    "disclosure-entries" Audit GET "/v1/disclosure/entries" => disclosure::entries,
        "逐条查看已对外提供" "read what has left, record by record";
    "deeds" Audit GET "/v1/deeds" => tokens::deeds, "查看操作记录" "read deeds";
    "tokens" Audit GET "/v1/tokens" => tokens::tokens, "查看令牌" "see tokens";
    "token-new" Admit POST "/v1/tokens" => tokens::make, "发放令牌" "make a token";
    "token-revoke" Admit POST "/v1/tokens/revoke" => tokens::revoke, "作废令牌" "revoke a token";
};

/// The route of a name.
pub fn named(name: &str) -> Option<&'static Route> {
    ALL.iter().find(|route| route.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::systems::doors::Role;

    #[test]
    fn every_route_has_a_name_and_a_place_of_its_own() {
        let names: BTreeSet<_> = ALL.iter().map(|route| route.name).collect();
        let places: BTreeSet<_> = ALL.iter().map(|route| (route.method.as_str(), route.path)).collect();
        assert_eq!((names.len(), places.len()), (ALL.len(), ALL.len()));
    }

    /// What each role may do, by name, as the README has it.
    #[test]
    fn a_role_may_do_this_and_nothing_else() {
        let may = |role: Role| -> Vec<&str> {
            let routes = ALL.iter().filter(|route| role.has(route.right));
            routes.map(|route| route.name).collect()
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

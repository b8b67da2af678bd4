//! Where an office's rules come from: the program's own, and over them what lies in the home. A file that cannot
//! be right is refused by name; nothing of it is used.

use super::ConfigError;
use crate::files;
use crate::home::Home;
use crate::systems::rules::Rules;
use crate::systems::vehicles::rules::VehicleRules;

/// The rules of the office that lives in a home.
pub fn rules(home: &Home) -> Result<Rules, ConfigError> {
    let mut rules = Rules::shipped();
    for path in files::list(&home.calendars(), "toml").map_err(ConfigError::ConfigFile)? {
        let text = files::read(&path).map_err(ConfigError::ConfigFile)?;
        rules.days.add(&text).map_err(|fault| ConfigError::CalendarFile { path, fault })?;
    }
    let path = home.vehicle_rules();
    if path.exists() {
        let text = files::read(&path).map_err(ConfigError::ConfigFile)?;
        rules.vehicles = VehicleRules::read(&text).map_err(|fault| ConfigError::RulesFile { path, fault })?;
    }
    Ok(rules)
}

//! Asset classes: GB/T 14885-2022 (`A` and eight digits) and its predecessor of 2010 (seven digits). No
//! complete table with a licence was found, so the form is checked and a few entries are known by name.

/// Whether a class has the form of its scheme (`2022` or `2010`).
pub fn has_form(scheme: &str, class: &str) -> bool {
    let is_digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match scheme {
        "2022" => class.strip_prefix('A').is_some_and(|digits| is_digits(digits, 8)),
        "2010" => is_digits(class, 7),
        _ => false,
    }
}

/// The top class of a 2022 class, such as `A02000000`.
pub fn top(class: &str) -> Option<String> {
    Some(format!("{}000000", class.get(..3)?))
}

/// Whether the class is data processing equipment, whose storage must be wiped before it is listed.
pub fn holds_data(scheme: &str, class: &str) -> bool {
    match scheme {
        "2022" => class.starts_with("A0201"),
        _ => class.starts_with("20101"),
    }
}

/// The name of a class that is known here (the levels, and entries of 黑龙江's procurement catalogue 2022).
pub fn name(class: &str) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == class).map(|(_, name)| *name)
}

const NAMES: &[(&str, &str)] = &[
    ("A01000000", "房屋和构筑物"),
    ("A02000000", "设备"),
    ("A02010104", "服务器"),
    ("A02010105", "台式计算机"),
    ("A02010108", "便携式计算机"),
    ("A02010200", "网络设备"),
    ("A02020100", "复印机"),
    ("A02020200", "投影仪"),
    ("A02021000", "打印机"),
    ("A02021003", "A4 黑白打印机"),
    ("A02021118", "扫描仪"),
    ("A02030500", "乘用车"),
    ("A02061804", "空调机"),
    ("A02080805", "视频会议系统"),
    ("A02091107", "视频监控"),
    ("A02100000", "仪器仪表"),
    ("A03000000", "文物和陈列品"),
    ("A04000000", "图书和档案"),
    ("A05000000", "家具和用具"),
    ("A05010000", "家具"),
    ("A05030300", "被服"),
    ("A06000000", "特种动植物"),
    ("A07000000", "物资"),
    ("A08000000", "无形资产"),
    ("A08060301", "基础软件"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_has_its_form() {
        for (scheme, class, fits) in [
            ("2022", "A02010105", true),
            ("2022", "02010105", false),
            ("2022", "A0201010", false),
            ("2010", "2010104", true),
            ("2010", "A02010105", false),
            ("2035", "A02010105", false),
        ] {
            assert_eq!(has_form(scheme, class), fits, "{scheme} {class}");
        }
        assert!(NAMES.iter().all(|(class, _)| has_form("2022", class)));
        assert_eq!(top("A02010105").as_deref().and_then(name), Some("设备"));
        assert!(holds_data("2022", "A02010105") && !holds_data("2022", "A05010000"));
    }
}

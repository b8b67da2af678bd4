//! The registers of three invented provinces, built into the program.

use xietong_proto::id::MemberCode;

use crate::systems::Kind;

/// One province of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its code.
    pub code: &'static str,
    /// Its bureau.
    pub name: &'static str,
    /// The bureau's code, which stands in its card.
    pub uscc: &'static str,
    /// Where fingerprints are compared.
    pub telephone: &'static str,
    files: [(Kind, &'static [u8], &'static [u8]); 4],
}

macro_rules! files {
    ($code:literal) => {
        [
            (Kind::Institutions, file!($code, "institutions"), file!($code, "institutions-faults")),
            (Kind::Assets, file!($code, "assets"), file!($code, "assets-faults")),
            (Kind::Vehicles, file!($code, "vehicles"), file!($code, "vehicles-faults")),
            (Kind::Energy, file!($code, "energy"), file!($code, "energy-faults")),
        ]
    };
}

macro_rules! file {
    ($code:literal, $name:literal) => {
        include_bytes!(concat!("../../../../config/demo/", $code, "/", $name, ".csv"))
    };
}

/// UTF-8 with a byte order mark and Chinese headers.
pub const HEILONGJIANG: Member = Member {
    code: "230000",
    name: "黑龙江省示例机关事务管理局",
    uscc: "11230000MB0060783J",
    telephone: "0451-5550100",
    files: files!("230000"),
};

/// GB18030, as Excel saves it.
pub const JILIN: Member = Member {
    code: "220000",
    name: "吉林省示例机关事务管理局",
    uscc: "11220000059230046N",
    telephone: "0431-5550100",
    files: files!("220000"),
};

/// UTF-8 with English headers in another order.
pub const LIAONING: Member = Member {
    code: "210000",
    name: "辽宁省示例机关事务管理局",
    uscc: "11210000MB28921376",
    telephone: "024-5550100",
    files: files!("210000"),
};

impl Member {
    /// Its code as the protocol has it.
    pub fn member_code(&self) -> MemberCode {
        self.code.parse().expect("the codes above are codes")
    }

    /// The kinds of which there is a register.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        self.files.map(|(kind, ..)| kind).into_iter()
    }

    /// The register of a kind.
    pub fn register(&self, kind: Kind) -> &'static [u8] {
        self.file(kind).1
    }

    /// Rows of a kind that nobody should take in.
    pub fn faults(&self, kind: Kind) -> &'static [u8] {
        self.file(kind).2
    }

    fn file(&self, kind: Kind) -> &(Kind, &'static [u8], &'static [u8]) {
        self.files.iter().find(|(of, ..)| *of == kind).expect("only such kinds are asked for")
    }
}

/// Energy of the rest of the year, made out of the register's first three months: so many rows that an import of
/// them can be killed.
pub fn later_energy(member: &Member) -> String {
    let text = str::from_utf8(member.register(Kind::Energy)).expect("this member's files are UTF-8");
    let (header, rows) = text.split_once('\n').expect("a header stands first");
    let later = |months: u8| {
        let month = |rows: String, of: u8| {
            rows.replace(&format!(",2025-{of:02},"), &format!(",2025-{:02},", of + months))
        };
        (1..=3).fold(rows.to_owned(), month)
    };
    format!("{header}\n{}{}{}", later(3), later(6), later(9))
}

/// Codes that tell which institution, vehicle or asset is meant, out of a register with English headers.
pub fn telling_codes(member: &Member) -> Vec<String> {
    let columns = [
        (Kind::Institutions, "unit_uscc"),
        (Kind::Vehicles, "vin"),
        (Kind::Vehicles, "plate_no"),
        (Kind::Assets, "asset_code"),
    ];
    let codes = columns.into_iter().flat_map(|(kind, name)| column(member.register(kind), name));
    codes.filter(|code| code != member.uscc).collect()
}

fn column(register: &[u8], name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(register);
    let header = reader.headers().expect("a header stands first").clone();
    let place = header.iter().position(|column| column == name).expect("the column is there");
    reader.records().map(|row| row.expect("the rows are in order")[place].to_owned()).collect()
}

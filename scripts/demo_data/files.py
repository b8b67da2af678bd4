"""Rows as each province's system writes them: encoding, line ends, headers, order, spelling of values."""

import csv
import datetime
import io
from collections import namedtuple
from decimal import Decimal

Period = namedtuple("Period", "year month")

COLUMNS = {
    "institutions": """unit_uscc=统一社会信用代码 unit_name=单位名称 year=统计年度 institution_class=机构类型
        division_code=行政区划代码 floor_area_m2=建筑面积(平方米) heated_area_m2=供热面积(平方米)
        energy_users=用能人数(人) staff_quota=编制人数(人) vehicle_quota=公务用车编制数(辆) vehicles_total=车辆总数(辆)
        vehicles_petrol=汽油车(辆) vehicles_diesel=柴油车(辆) vehicles_nev=新能源汽车(辆) beds=床位数(张)
        students=学生人数(人) in_register=是否纳入名录库 form_version=报表版本 remark=备注""",
    "assets": """owner_unit_uscc=权属单位统一社会信用代码 asset_code=资产编号 asset_name=资产名称
        asset_class_scheme=资产分类标准 asset_class_code=资产分类代码 specification=规格型号 brand=品牌 serial_no=机身编号
        quantity=数量 unit=计量单位 value_type=价值类型 original_value=原值(元) accumulated_depreciation=累计折旧(元)
        net_value=净值(元) acquire_way=取得方式 acquire_date=取得日期 in_service_date=投入使用日期 usage_status=使用状况
        idle_since=闲置起始日期 accounting_status=财务入账状态 entry_date=入账日期
        holder_unit_uscc=保管单位统一社会信用代码 division_code=所在行政区划代码 location_text=存放地点
        condition_code=新旧程度 warehouse_id=仓库编号 warehouse_type=仓库类型 intake_reason=入仓原因 lend_ok=可借用
        transfer_ok=可调拨 freight_payer=运费承担方 data_wiped=存储介质已清除 shared=纳入区域共享 remark=备注""",
    "vehicles": """vin=车辆识别代号 plate_no=号牌号码 plate_kind=号牌种类 engine_no=发动机号 vehicle_use=车辆用途
        vehicle_type=车辆类型 confidential=涉密车辆 quota_status=编制情况 quota_no=编制证号 make_model=品牌型号
        origin_country=产地 displacement_l=排量(升) seats=核定载客人数 fuel_type=燃料种类 emission_std=排放标准
        purchase_price=购置价格(元) first_registration=注册登记日期 in_service_date=启用日期
        owner_unit_uscc=权属单位统一社会信用代码 custodian_uscc=使用单位统一社会信用代码 custody_mode=管理方式
        division_code=所在行政区划代码 vehicle_status=车辆状态 marked=标识化 locator_installed=已装定位终端
        odometer_km=累计里程(公里) inspection_due=检验有效期止 insurance_due=保险到期日
        market_rate_ref=同类租赁价(元/日) shared=纳入区域共享 remark=备注""",
    "energy": """unit_uscc=统一社会信用代码 period=统计期 electricity_kwh=电力(千瓦时) electricity_cost=电费(元)
        pv_self_use_kwh=光伏自用电量(千瓦时) pv_export_kwh=光伏上网电量(千瓦时) coal_t=煤炭(吨) coal_cost=煤炭费用(元)
        natural_gas_m3=天然气(立方米) natural_gas_cost=天然气费用(元) lpg_kg=液化石油气(千克) town_gas_m3=人工煤气(立方米)
        petrol_vehicle_l=车辆用汽油(升) petrol_other_l=其他用汽油(升) diesel_vehicle_l=车辆用柴油(升)
        diesel_other_l=其他用柴油(升) kerosene_l=煤油(升) heat_gj=热力消费量(吉焦)
        heat_area_m2=按面积收费供热面积(平方米) heat_cost=供热费用(元) other_tce=其他能源(吨标准煤)
        water_m3=用水量(立方米) nonconventional_m3=其中:非常规水(立方米) water_cost=水费(元) data_status=数据状态
        form_version=报表版本 remark=备注""",
}
COLUMNS = {kind: dict(pair.split("=") for pair in text.split()) for kind, text in COLUMNS.items()}
KINDS = tuple(COLUMNS)

WORDS = {
    "institution_class": {
        "01": "国家机关", "021": "教育", "022": "科技", "023": "文化",
        "024": "卫生", "025": "体育", "026": "其他事业单位", "03": "团体组织",
    },
    "condition_code": {"1": "全新", "4": "可用", "7": "可修", "X": "残值", "S": "废料"},
}

# Columns a province's system does not have: the contract calls for none of them.
_LIAONING_LACKS = (
    "acquire_way entry_date emission_std in_service_date.vehicles pv_export_kwh town_gas_m3 "
    "petrol_other_l diesel_other_l kerosene_l other_tce"
).split()


class Style:
    """How one province writes its files."""

    encoding = "utf-8"
    shown_encoding = "UTF-8"
    line_end = "\n"
    yes_no = ("是", "否")

    def columns(self, kind):
        return list(COLUMNS[kind])

    def header(self, kind, column):
        return COLUMNS[kind][column]

    def code(self, column, code):
        return code

    def date(self, date):
        return date.isoformat()

    def period(self, period):
        return f"{period.year}-{period.month:02}"

    def decimal(self, number):
        return str(number)

    def cell(self, column, value):
        """A value of a row; what is a string already is written as it is."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.yes_no[0 if value else 1]
        if isinstance(value, datetime.date):
            return self.date(value)
        if isinstance(value, Period):
            return self.period(value)
        if isinstance(value, Decimal):
            return self.decimal(value)
        return self.code(column, str(value))

    def headers(self, kind):
        """The columns of a file with the names that stand over them."""
        return [(column, self.header(kind, column)) for column in self.columns(kind)]

    def fault_headers(self, kind):
        """Those of the file of faults, where a province may have something of its own."""
        return self.headers(kind)

    def file(self, headers, rows):
        """The bytes of a file."""
        lines = [[name for _, name in headers]]
        lines += [[self.cell(column, row.get(column)) for column, _ in headers] for row in rows]
        text = io.StringIO()
        csv.writer(text, lineterminator=self.line_end).writerows(lines)
        return text.getvalue().encode(self.encoding)


class Heilongjiang(Style):
    """An export of a Chinese system: UTF-8 with BOM, codes as codes."""

    encoding = "utf-8-sig"
    shown_encoding = "UTF-8 with BOM, CRLF"
    line_end = "\r\n"


class Jilin(Style):
    """What Excel saves in China: GB18030, slashes in dates, no trailing zeros, the words of a code."""

    encoding = "gb18030"
    shown_encoding = "GB18030, CRLF"
    line_end = "\r\n"

    def header(self, kind, column):
        name = COLUMNS[kind][column]
        return name.replace("(", "（").replace(")", "）") if kind in ("institutions", "energy") else name

    def fault_headers(self, kind):
        own = {"heat_gj": "热力（百万千焦）"} if kind == "energy" else {}
        added = [("department", "使用部门")] if kind == "assets" else []
        return [(column, own.get(column, name)) for column, name in self.headers(kind)] + added

    def code(self, column, code):
        return WORDS.get(column, {}).get(code, code)

    def date(self, date):
        return f"{date.year}/{date.month}/{date.day}"

    def period(self, period):
        return f"{period.year}年{period.month}月"

    def decimal(self, number):
        text = str(number)
        return text.rstrip("0").rstrip(".") if "." in text else text


class Liaoning(Style):
    """An export of a system with English column names, in an order of its own and without some columns."""

    shown_encoding = "UTF-8, LF"
    yes_no = ("yes", "no")

    def columns(self, kind):
        names = [c for c in COLUMNS[kind] if c not in _LIAONING_LACKS and f"{c}.{kind}" not in _LIAONING_LACKS]
        last = [name for name in names if name.endswith("_cost") or name in ("form_version", "remark")]
        return [name for name in names if name not in last] + last

    def header(self, kind, column):
        return column


STYLES = {"230000": Heilongjiang(), "220000": Jilin(), "210000": Liaoning()}

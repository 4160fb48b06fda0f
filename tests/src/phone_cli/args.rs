//! What can be typed: `ironfeet-phone --data DIR COMMAND`.
//!
//! Only the shape of the command line. Must not know the phone. Names, flags
//! and exit codes are promises (CHANGELOG.md names every change).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ironfeet_core::model::{
    ChangeHash, DocId, GridCode, HashText, Lang, PersonId, PlaceId, PlaceKind, Role, VisitId,
};

/// A phone in a terminal: field inspections that work offline. 终端里的巡查手机：离线可用。
///
/// The store's key is read from IRONFEET_KEY (64 hex digits).
/// Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 store damaged.
#[derive(Debug, Parser)]
#[command(name = "ironfeet-phone", version)]
pub struct Cli {
    /// Folder of the phone's store 数据目录
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Answer with one JSON value on stdout 以 JSON 输出
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of answers 语言
    #[arg(long, global = true, value_enum, default_value_t = Tongue::Zh)]
    pub lang: Tongue,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The two languages.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Tongue {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl From<Tongue> for Lang {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Zh => Self::Zh,
            Tongue::En => Self::En,
        }
    }
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a store in DIR; works with no server 新建本机数据
    Init(Init),
    /// Make this phone known to a server, with a one-time code 注册到服务器
    Enrol(Enrol),
    /// Send what waits and take in what is new 同步
    Sync {
        /// Go on until stopped: sync again whenever something is new 持续同步
        #[arg(long)]
        watch: bool,
        /// Leave photos for another time, such as on a line that costs money 暂不上传照片
        #[arg(long)]
        no_photos: bool,
    },
    /// Places: what stands where 场所
    #[command(subcommand)]
    Place(Place),
    /// What is due: overdue and open findings first 今日待办
    Today,
    /// Visits: answer a checklist at a place 走访
    #[command(subcommand)]
    Visit(Visit),
    /// Suspected hazards, with severity and deadline 隐患
    Findings {
        /// Only those that are not cleared 只看未消除的
        #[arg(long)]
        open: bool,
    },
    /// Fields that two people wrote differently 冲突
    Conflicts,
    /// Choose one of the values of a field in conflict 选定冲突值
    Settle {
        /// The record, as `conflicts` names it.
        doc: DocId,
        /// The field.
        field: String,
        /// The change that wrote the chosen value.
        change: ChangeHash,
    },
    /// Photos and whether they were sent 照片
    #[command(subcommand)]
    Photo(Photo),
    /// What the server or this phone has to tell 通知
    Notices {
        /// Also those put away 包括已读
        #[arg(long)]
        all: bool,
    },
    /// What waits, what was refused, when it last worked 状态
    Status,
    /// Check that every record is whole 校验
    Verify,
    /// Carry unsent work to another phone in a sealed file 抢救未上传的记录
    #[command(subcommand)]
    Rescue(Rescue),
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Account name of the person, as the city gives it 账号
    #[arg(long, value_name = "ID")]
    pub person: PersonId,
    /// Grid code, 15 digits; may be given several times 网格编码
    #[arg(long, value_name = "CODE", required = true)]
    pub grid: Vec<GridCode>,
    /// Post: inspector or community_police 岗位
    #[arg(long, default_value = "inspector")]
    pub role: Role,
    /// Checklists to install instead of the built-in ones (YAML) 检查表文件
    #[arg(long, value_name = "FILE")]
    pub content: Option<PathBuf>,
}

/// `enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// Address of the server, such as https://city.example 服务器地址
    pub url: String,
    /// The one-time code 一次性注册码
    pub code: String,
    /// The city's own certificate authority (PEM) 证书文件
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// `place …`.
#[derive(Debug, Subcommand)]
pub enum Place {
    /// Record a new place 新增场所
    Add(PlaceAdd),
    /// Everything known of a place 查看场所
    Show {
        /// Its id.
        id: PlaceId,
    },
    /// Find places by words of address, name or findings 搜索
    Search {
        /// Words in Chinese or English.
        #[arg(required = true)]
        text: Vec<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Places around a point, nearest first 附近
    Near {
        /// LAT,LON in degrees.
        #[arg(value_name = "LAT,LON", value_parser = position, allow_hyphen_values = true)]
        at: Position,
        /// At most this many.
        #[arg(long, default_value_t = 10)]
        limit: usize,
    },
    /// State one fact of a place, as seen now 更新一项
    Set {
        /// Its id.
        id: PlaceId,
        /// Field name, as in `place show`.
        field: String,
        /// The value.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Add a remark about the place, never about people 备注
    Note {
        /// Its id.
        id: PlaceId,
        /// The remark.
        text: String,
    },
}

/// `place add`.
#[derive(Debug, Args)]
pub struct PlaceAdd {
    /// dwelling, small_premises, rental, workshop, construction_site, public_facility or shared_area 类型
    #[arg(long)]
    pub kind: PlaceKind,
    /// Address 地址
    #[arg(long, value_name = "TEXT")]
    pub address: String,
    /// Latitude in degrees 纬度
    #[arg(long, allow_hyphen_values = true)]
    pub lat: f64,
    /// Longitude in degrees 经度
    #[arg(long, allow_hyphen_values = true)]
    pub lon: f64,
    /// Grid code; the first of the phone's grids when not given 网格编码
    #[arg(long, value_name = "CODE")]
    pub grid: Option<GridCode>,
}

/// `visit …`.
#[derive(Debug, Subcommand)]
pub enum Visit {
    /// Begin a visit 开始走访
    Start {
        /// The place.
        place: PlaceId,
        /// household, small_premises, rental, workshop or construction.
        checklist: String,
        /// Re-visit: ask the quick items and open findings only 复访快检
        #[arg(long)]
        quick: bool,
    },
    /// The questions asked now 当前问题
    Questions {
        /// The visit.
        visit: VisitId,
        /// Only those still to be answered 只看未答
        #[arg(long)]
        open: bool,
    },
    /// Answer one question; exit code 0 means it is on disk 回答
    Answer {
        /// The visit.
        visit: VisitId,
        /// The item, such as HH-A1.
        item: String,
        /// A choice's code or number, several with commas, or what was measured.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Visits begun and not finished 草稿
    Drafts,
    /// Answer many: lines "ITEM VALUE" from stdin, each acknowledged when on disk 连续回答
    Fill {
        /// The visit.
        visit: VisitId,
    },
    /// Be asked question by question, as on a phone; empty line skips, q stops 逐题询问
    Ask {
        /// The visit.
        visit: VisitId,
    },
    /// Add a note 备注
    Note {
        /// The visit.
        visit: VisitId,
        /// The note; never about people.
        text: String,
    },
    /// Answers, notes, findings, conflicts 查看
    Show {
        /// The visit.
        visit: VisitId,
    },
    /// Finish: findings are fixed, nothing is rewritten afterwards 完成
    Finish {
        /// The visit.
        visit: VisitId,
    },
}

/// `photo …`.
#[derive(Debug, Subcommand)]
pub enum Photo {
    /// Add a photo of a hazard, not of people; place and time hidden in it are taken out 添加
    Add {
        /// The visit.
        visit: VisitId,
        /// A JPEG, PNG or WebP file, up to 20 MB (HEIC: convert it first) 照片文件
        file: PathBuf,
        /// The finding it shows.
        #[arg(long, value_name = "CODE")]
        finding: Option<String>,
    },
    /// Say why there is no photo 无照片原因
    Reason {
        /// The visit.
        visit: VisitId,
        /// The finding.
        finding: String,
        /// Why.
        text: String,
    },
    /// Every photo with its state 列表
    List,
    /// Put those that could not be sent back into the queue; the next sync sends them 重试
    Retry,
    /// Fetch a photo, also one of another phone, into a file 查看
    Get {
        /// Its SHA-256, as `visit show` names it 照片编号
        sha256: HashText,
        /// The file to write; must not be there yet 目标文件
        file: PathBuf,
        /// A small picture of it 缩略图
        #[arg(long)]
        thumb: bool,
    },
}

/// `rescue …`.
#[derive(Debug, Subcommand)]
pub enum Rescue {
    /// Write unsent work to a file sealed with IRONFEET_RESCUE_KEY, or else IRONFEET_KEY 导出
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Take in such a file from another phone 导入
    Import {
        /// The file to read.
        file: PathBuf,
    },
}

/// Latitude and longitude in degrees.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

fn position(text: &str) -> Result<Position, String> {
    let expected = || "expected LAT,LON such as 33.61,119.02".to_owned();
    let (lat, lon) = text.split_once([',', '，']).ok_or_else(expected)?;
    let lat: f64 = lat.trim().parse().map_err(|_| expected())?;
    let lon: f64 = lon.trim().parse().map_err(|_| expected())?;
    if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) {
        Ok(Position { lat, lon })
    } else {
        Err("latitude is -90 to 90, longitude -180 to 180".to_owned())
    }
}

//! Limits of time, by hand and against a counter that goes minute by minute.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::Offset;

use super::*;
use crate::model::{ClockKind, Deadline, Lang};

const CHINA: Offset = Offset::constant(8);

fn at(text: &str) -> UtcMillis {
    let local: DateTime = text.parse().unwrap();
    UtcMillis(CHINA.to_timestamp(local).unwrap().as_millisecond())
}

fn due(kind: ClockKind, value: u32, raised: &str) -> String {
    let due = Calendar::default_calendar().due_at(Deadline { kind, value }, at(raised), CHINA);
    CHINA.to_datetime(jiff::Timestamp::from_millisecond(due.0).unwrap()).to_string()
}

#[test]
fn limits_end_when_the_four_clocks_say() {
    use ClockKind::{NaturalDay, UrgentHour, WorkDay, WorkHour};
    let table = [
        // Urgent hours run through the night.
        (UrgentHour, 2, "2026-11-23T23:30", "2026-11-24T01:30:00"),
        (UrgentHour, 4, "2026-02-16T22:00", "2026-02-17T02:00:00"),
        // Calendar days end at 24:00, the first day not counted.
        (NaturalDay, 1, "2026-11-23T09:00", "2026-11-25T00:00:00"),
        (NaturalDay, 15, "2026-02-10T23:59:59.999", "2026-02-26T00:00:00"),
        // Working days end at closing time; a Friday's first day is Monday.
        (WorkDay, 1, "2026-11-27T09:00", "2026-11-30T18:00:00"),
        (WorkDay, 3, "2026-11-23T09:00", "2026-11-26T18:00:00"),
        // Spring Festival 2026: 15 to 23 February free, 14 and 28 worked.
        (WorkDay, 1, "2026-02-13T10:00", "2026-02-14T18:00:00"),
        (WorkDay, 2, "2026-02-13T10:00", "2026-02-24T18:00:00"),
        (WorkDay, 5, "2026-02-23T10:00", "2026-02-28T18:00:00"),
        // Working hours skip lunch, nights, weekends and holidays.
        (WorkHour, 4, "2026-11-23T10:00", "2026-11-23T16:00:00"),
        (WorkHour, 2, "2026-11-23T10:00", "2026-11-23T12:00:00"),
        (WorkHour, 4, "2026-11-27T17:00", "2026-11-30T11:00:00"),
        (WorkHour, 1, "2026-11-28T03:00", "2026-11-30T09:00:00"),
        (WorkHour, 1, "2026-09-30T17:30", "2026-10-08T08:30:00"),
        (WorkHour, 8, "2026-09-19T12:00", "2026-09-20T18:00:00"),
        (WorkHour, 1, "2026-11-23T07:00", "2026-11-23T09:00:00"),
    ];
    for (kind, value, raised, expected) in table {
        assert_eq!(due(kind, value, raised), expected, "{kind:?} {value} from {raised}");
    }
}

/// The same by counting: one minute after another, an hour of work is sixty minutes of it.
fn counted(calendar: &Calendar, deadline: Deadline, raised_min: i64) -> i64 {
    let (mut minute, mut work, mut days, mut work_days) = (raised_min, 0, 0, 0);
    let day_of = |m: i64| -> Date {
        let stamp = jiff::Timestamp::from_second(m * 60).unwrap();
        CHINA.to_datetime(stamp).date()
    };
    let in_period = |m: i64| {
        let of_day = (m + 480).rem_euclid(1_440);
        (480..720).contains(&of_day) || (840..1_080).contains(&of_day)
    };
    let value = i64::from(deadline.value);
    loop {
        let begins = (minute + 480).rem_euclid(1_440) == 0;
        let done = match deadline.kind {
            ClockKind::UrgentHour => minute - raised_min == value * 60,
            ClockKind::WorkHour => work == value * 60,
            ClockKind::NaturalDay => begins && days == value && minute > raised_min,
            ClockKind::WorkDay => {
                let closing = (minute + 480).rem_euclid(1_440) == 1_080;
                closing && work_days == value && calendar.is_working_day(day_of(minute))
            }
        };
        if done {
            return minute;
        }
        if calendar.is_working_day(day_of(minute)) && in_period(minute) {
            work += 1;
        }
        minute += 1;
        if (minute + 480).rem_euclid(1_440) == 0 {
            // A new day has begun; the one of the raising is not counted.
            days += i64::from(days > 0 || day_of(minute - 1) > day_of(raised_min));
            work_days += i64::from(calendar.is_working_day(day_of(minute)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn limits_agree_with_a_minute_counter(
        start in 0i64..525_600,
        kind in 0usize..4,
        value in 1u32..12,
    ) {
        let calendar = Calendar::default_calendar();
        let first = CHINA.to_timestamp(date(2026, 1, 1).at(0, 0, 0, 0)).unwrap().as_second() / 60;
        let kinds =
            [ClockKind::UrgentHour, ClockKind::WorkHour, ClockKind::WorkDay, ClockKind::NaturalDay];
        let deadline = Deadline { kind: kinds[kind], value };
        let raised = first + start;
        let due = calendar.due_at(deadline, UtcMillis(raised * 60_000), CHINA);
        prop_assert_eq!(due.0, counted(calendar, deadline, raised) * 60_000);
    }

    #[test]
    fn a_later_finding_is_never_due_earlier(
        start in 0i64..1_000_000_000_000,
        later in 0i64..1_000_000_000,
        kind in 0usize..4,
        value in 1u32..40,
    ) {
        let calendar = Calendar::default_calendar();
        let kinds =
            [ClockKind::UrgentHour, ClockKind::WorkHour, ClockKind::WorkDay, ClockKind::NaturalDay];
        let deadline = Deadline { kind: kinds[kind], value };
        let start = UtcMillis(1_500_000_000_000 + start);
        let due = |from| calendar.due_at(deadline, from, CHINA);
        prop_assert!(due(start) <= due(start.plus_ms(later)));
        prop_assert!(due(start) > start);
    }
}

#[test]
fn a_broken_calendar_is_refused() {
    let broken = |from: &str, to: &str| {
        let text = CALENDAR_YAML.replacen(from, to, 1);
        Calendar::load(&text).map(|_| ()).unwrap_err().to_string()
    };
    expect![[r"
        calendar: periods must be at least one, in order, each from before to (HH:MM)
        calendar: holidays and make-up days of 2026 must lie in that year, from before to
        calendar: 2026-05-05 is both a holiday and a make-up day
        calendar: holidays and make-up days of 2026 must lie in that year, from before to"]]
    .assert_eq(
        &[
            broken("'14:00'", "'11:00'"),
            broken("to: 2026-02-23", "to: 2026-02-01"),
            broken("2026-05-09", "2026-05-05"),
            broken("2026-05-09", "2025-05-09"),
        ]
        .join("\n"),
    );
    assert!(Calendar::load("periods: [").is_err());
    let calendar = Calendar::default_calendar();
    assert_eq!(calendar.certainty(2026), Some(Certainty::Announced));
    assert_eq!(calendar.certainty(2027), Some(Certainty::Statutory));
    assert_eq!(calendar.certainty(2028), None);
}

#[test]
fn the_slip_says_what_to_do_and_until_when() {
    let content = Content::shared_default();
    let list = content.list("household").unwrap();
    let none = BTreeMap::new();
    let ctx = VisitContext { quick: false, open_findings: &[], carried: &none, today: today() };
    let answers = BTreeMap::from([
        ("V-02".to_owned(), Scalar::from("entered")),
        ("HH-A2".to_owned(), Scalar::from("lpg")),
        ("HH-A3".to_owned(), Scalar::from("unvent")),
        ("HH-C1".to_owned(), Scalar::from("hazard")),
        ("HH-C2".to_owned(), Scalar::from("hazard")),
    ]);
    let raised = at("2026-11-23T10:00");
    let found = Session::new(content, list, &answers, ctx).findings(raised);
    let slip = dated_slip(&found, Calendar::default_calendar(), CHINA);
    let text: Vec<String> = slip.iter().flat_map(|t| [t.zh.clone(), t.en.clone()]).collect();
    expect![[r#"
        S1 紧急  使用直排式热水器
        S1 imminent danger  Unvented heater in use
            立即：立即停用，开窗通风。
            Now: Stop using, ventilate.
            整改：停用并更换
            Fix: Stop and replace
            期限：2026-11-23 14:00 前（4小时内（昼夜连续计算））
            Limit: by 2026-11-23 14:00 (within 4 hours, day and night)
        S3 一般  防盗窗封死，无逃生口
        S3 ordinary  Bars closed off, no escape opening
            整改：改装可内开逃生窗
            Fix: Fit an opening panel
            期限：2026-12-23 24:00 前（30日内）
            Limit: by 2026-12-23 24:00 (within 30 days)
            当场提示，不立案。
            Advice only, no case is filed.
        S4 提示  感烟报警器未装或失灵
        S4 advice  Smoke alarm missing or not working
            整改：可申请免费安装（SRV10）
            Fix: May ask for a free one (SRV10)
            当场提示，不立案。
            Advice only, no case is filed."#]]
    .assert_eq(&text.join("\n"));
    expect![[r#"
        S3 ordinary  Bars closed off, no escape opening
            Fix: Fit an opening panel
            Limit: within 30 days
            Advice only, no case is filed.
        S4 advice  Smoke alarm missing or not working
            Fix: May ask for a free one (SRV10)
            Advice only, no case is filed."#]]
    .assert_eq(&advice_slip(&found[1..], Lang::En).join("\n"));
}

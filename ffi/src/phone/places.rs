//! Places and today's list. One line per method; knows nothing but `core::phone` and the mirrors.

use ironfeet_core::phone::Phone;

use super::{PhoneCore, id, rows};
use crate::error::PhoneError;
use crate::place::{NewPlace, PlaceRow, PlaceView, TodayRow};

#[uniffi::export]
impl PhoneCore {
    /// Adds a place; gives its id.
    ///
    /// # Errors
    /// `InvalidInput` and `PersonalText` name the field.
    pub fn place_add(&self, place: NewPlace) -> Result<String, PhoneError> {
        let place = place.try_into()?;
        self.act(|phone| phone.place_add(&place)).map(|id| id.to_string())
    }

    /// A place with its facts, visits, findings, tasks and conflicts.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn place(&self, id: &str) -> Result<PlaceView, PhoneError> {
        let place = self::id(id)?;
        let language = self.language();
        self.ask(|phone| PlaceView::told(phone.place_show(place)?, phone, language))
    }

    /// Places whose address, name or use holds every word of a text, best first.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn search(&self, text: &str, limit: u32) -> Result<Vec<PlaceRow>, PhoneError> {
        self.ask(|phone| phone.place_search(text, limit as usize)).map(rows)
    }

    /// Places around a position (degrees, WGS 84), nearest first.
    ///
    /// # Errors
    /// `InvalidInput` when the position is not on earth.
    pub fn near(&self, lat: f64, lon: f64, limit: u32) -> Result<Vec<PlaceRow>, PhoneError> {
        self.ask(|phone| phone.place_near(lat, lon, limit as usize)).map(rows)
    }

    /// Places in the order this phone learned them.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn places(&self, limit: u32) -> Result<Vec<PlaceRow>, PhoneError> {
        self.ask(|phone| phone.places(limit as usize)).map(rows)
    }

    /// States a fact as seen now, as a person types it. Where the field is in conflict, this settles it.
    ///
    /// # Errors
    /// `InvalidInput`, `PersonalText`, `NotFound`.
    pub fn place_set(&self, place: &str, field: &str, value: &str) -> Result<(), PhoneError> {
        let place = id(place)?;
        self.act(|phone| phone.place_set(place, field, value)).map(drop)
    }

    /// Adds a remark to a place.
    ///
    /// # Errors
    /// `PersonalText`, `NotFound`.
    pub fn place_remark(&self, place: &str, text: &str) -> Result<(), PhoneError> {
        let place = id(place)?;
        self.act(|phone| phone.place_remark(place, text)).map(drop)
    }

    /// Where to go today: open findings by severity and deadline first, then overdue and due re-visits,
    /// tasks, and places nobody has been to.
    ///
    /// # Errors
    /// `Internal` when the disk refuses.
    pub fn today(&self) -> Result<Vec<TodayRow>, PhoneError> {
        self.ask(Phone::today).map(rows)
    }
}

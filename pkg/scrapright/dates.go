package scrapright

import (
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"yardstick/pkg/export"
)

// query asks for one calendar day; for a listing it asks for no day.
func (d Dataset) query(day export.Day, zone *time.Location) url.Values {
	q := url.Values{}
	if d.Listing() {
		return q
	}
	begin, end := day.In(zone), (day + 1).In(zone)
	if strings.HasSuffix(d.DateFormat, "Z") && strings.Contains(d.DateFormat, "15") {
		begin, end = begin.UTC(), end.UTC() // Go takes a last Z for a letter, and those who read it for UTC
	}
	if !d.ToExclusive {
		end = end.Add(-time.Nanosecond) // a layout with a time shows the day's last moment, one without shows the day
	}
	q.Set(d.From, begin.Format(d.DateFormat))
	q.Set(d.To, end.Format(d.DateFormat))
	return q
}

// page asks for one page of it. Pages are counted from 1 (page "Getting API Access & Authentication", rate limits).
func (d Dataset) page(query url.Values, number int) url.Values {
	q := maps.Clone(query)
	q.Set("page", strconv.Itoa(number))
	q.Set("pageSize", strconv.Itoa(d.PageSize))
	return q
}

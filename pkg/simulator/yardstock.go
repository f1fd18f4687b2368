package simulator

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// listKey names a list: a day of purchases, or a listing with no day.
type listKey struct{ dataset, day string }

// stock is what the yard has to serve: generated, until somebody writes another.
type stock struct {
	cfg  YardConfig
	book *book

	mu      sync.Mutex
	written map[listKey]fixed
	sizes   map[string]int // tickets of a day, where SetTicketCount said so
	added   map[string]int // tickets that AddTickets put after a day's own
}

func newStock(cfg YardConfig) *stock {
	return &stock{
		cfg: cfg, book: &book{chunks: map[chunkKey]chunk{}},
		written: map[listKey]fixed{}, sizes: map[string]int{}, added: map[string]int{},
	}
}

// list gives the records of a listing, or of a day of purchases, which is a midnight in UTC.
func (s *stock) list(dataset string, day time.Time) list {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.locked(dataset, day)
}

// locked is list with mu held.
func (s *stock) locked(dataset string, day time.Time) list {
	if rows, ok := s.written[keyOf(dataset, day)]; ok {
		return rows
	}
	g := generated{book: s.book, descending: s.cfg.Order == Descending}
	g.key.listKey = keyOf(dataset, day)
	switch dataset {
	case Customers:
		g.n, g.write = s.cfg.Customers, s.cfg.appendCustomer
	case Businesses:
		g.n, g.write = s.cfg.Businesses, s.cfg.appendBusiness
	default:
		g.n = s.ticketCount(day)
		g.write = newTicketDay(s.cfg, day, g.n).appendTicket
	}
	g.key.n = g.n
	return g
}

// ticketCount is how many tickets a day has by itself, with mu held. A day that has not begun in the yard has none.
func (s *stock) ticketCount(day time.Time) int {
	if n, ok := s.sizes[day.Format(time.DateOnly)]; ok {
		return n
	}
	if day.Before(opening()) || day.Format(time.DateOnly) > s.cfg.Now().In(s.cfg.Zone).Format(time.DateOnly) {
		return 0
	}
	return s.cfg.ticketsOn(day)
}

// change puts a list in place of another. f gets a copy of the records as they are.
func (s *stock) change(dataset string, day time.Time, f func(fixed) fixed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.locked(dataset, day)
	s.written[keyOf(dataset, day)] = f(slices.Collect(l.records(0, l.size())))
}

func keyOf(dataset string, day time.Time) listKey {
	if dataset != Purchases {
		return listKey{dataset: dataset}
	}
	return listKey{dataset, day.Format(time.DateOnly)}
}

// mustDay reads the day of a dataset as tests name it.
func mustDay(dataset, day string) time.Time {
	if !isDataset(dataset) {
		panic(fmt.Sprintf("simulator: no dataset %q; expected %s, %s or %s", dataset, Purchases, Customers, Businesses))
	}
	if dataset != Purchases {
		if day != "" {
			panic(fmt.Sprintf("simulator: %s is a listing and has no day; found %q", dataset, day))
		}
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(fmt.Sprintf("simulator: purchases need a day such as 2026-11-22; found %q", day))
	}
	return t
}

// mustTradingDay reads a day for which tickets can be made.
func mustTradingDay(day string) time.Time {
	date := mustDay(Purchases, day)
	if date.Before(opening()) {
		panic(fmt.Sprintf("simulator: tickets on %s; the yard opened on %s", day, opening().Format(time.DateOnly)))
	}
	return date
}

// SetRecords replaces the records of a dataset by raw ones, which are served byte for byte in the order given and are
// not looked at. day is a date in the yard's zone, such as "2026-11-22", for purchases, and "" for a listing. It
// panics on a dataset or a day that is none.
func (y *Yard) SetRecords(dataset, day string, raw []string) {
	rows := slices.Clone(fixed(raw))
	y.stock.change(dataset, mustDay(dataset, day), func(fixed) fixed { return rows })
}

// Records is what a dataset holds, in the order of serving. day is as in SetRecords.
func (y *Yard) Records(dataset, day string) []string {
	l := y.stock.list(dataset, mustDay(dataset, day))
	return slices.Collect(l.records(0, l.size()))
}

// Insert puts raw records before position at of the order of serving: 0 is before the first, -1 after the last. day is
// as in SetRecords; it panics where those positions do not exist.
func (y *Yard) Insert(dataset, day string, at int, raw ...string) {
	y.stock.change(dataset, mustDay(dataset, day), func(rows fixed) fixed {
		if at == -1 {
			at = len(rows)
		}
		return slices.Insert(rows, at, raw...)
	})
}

// Remove takes n records out of the order of serving, from position at on. day is as in SetRecords; it panics where
// those positions do not exist.
func (y *Yard) Remove(dataset, day string, at, n int) {
	y.stock.change(dataset, mustDay(dataset, day), func(rows fixed) fixed { return slices.Delete(rows, at, at+n) })
}

// AddTickets adds n believable tickets after the last one of a day, as a yard does in the course of it, and gives their
// records. In a Descending yard they come first.
func (y *Yard) AddTickets(day string, n int) (raw []string) {
	date := mustTradingDay(day)
	y.stock.change(Purchases, date, func(rows fixed) fixed {
		own := y.stock.ticketCount(date)
		tickets := newTicketDay(y.cfg, date, own)
		for range n {
			raw = append(raw, string(tickets.appendTicket(nil, own+y.stock.added[day])))
			y.stock.added[day]++
		}
		if y.cfg.Order == Descending {
			newestFirst := slices.Clone(raw)
			slices.Reverse(newestFirst)
			return append(newestFirst, rows...)
		}
		return append(rows, raw...)
	})
	return raw
}

// SetTicketCount gives a day n generated tickets, in place of whatever it has. They are made when their page is asked
// for, and some 96 MB of them are kept at most, so that a day of a million is cheap. It panics on more than 9,999,999.
func (y *Yard) SetTicketCount(day string, n int) {
	date := mustTradingDay(day)
	if n < 0 || n >= ticketsPerIDDay {
		panic(fmt.Sprintf("simulator: %d tickets on a day; expected 0 to %d", n, ticketsPerIDDay-1))
	}
	y.stock.mu.Lock()
	defer y.stock.mu.Unlock()
	y.stock.sizes[day] = n
	delete(y.stock.written, keyOf(Purchases, date))
	delete(y.stock.added, day)
}

package about

import (
	"fmt"
	"slices"
	"time"

	"yardstick/pkg/snapshot"
)

// view is a Status as it is drawn: checked, counted, and with a place for everything.
type view struct {
	now     time.Time
	faults  []string
	sources []sourceView
}

type sourceView struct {
	Source
	accounts []accountView
	id       text
}

type accountView struct {
	Account
	source   string
	datasets []datasetView
	id       text
}

// name is the account as people are told of it.
func (a *accountView) name() string { return a.source + "/" + a.Account.Account }

type datasetView struct {
	Dataset
	months  []monthView
	days    map[State][]snapshot.Day // in order
	highest int64                    // rows of one day
	peak    snapshot.Day             // which day that was; no day where highest is 0
	id      text
}

type monthView struct {
	first  snapshot.Day
	states string
	rows   []int64
}

// viewOf checks what cannot be drawn otherwise: that months are months, with a state and a count for each day.
func viewOf(s Status) (*view, error) {
	v := &view{now: s.Time, faults: s.Faults}
	for _, source := range s.Sources {
		shown := sourceView{Source: source, id: anchor("runs", source.Source)}
		for _, account := range source.Accounts {
			a, err := viewOfAccount(source.Source, account)
			if err != nil {
				return nil, fmt.Errorf("account %q of %q: %w", account.Account, source.Source, err)
			}
			shown.accounts = append(shown.accounts, a)
		}
		v.sources = append(v.sources, shown)
	}
	return v, nil
}

func viewOfAccount(source string, account Account) (accountView, error) {
	a := accountView{Account: account, source: source, id: anchor(source, account.Account)}
	for _, dataset := range account.Datasets {
		d := datasetView{Dataset: dataset, days: map[State][]snapshot.Day{}, id: anchor(source, account.Account, dataset.Dataset)}
		for _, month := range dataset.Months {
			if err := d.add(month); err != nil {
				return accountView{}, fmt.Errorf("dataset %q: %w", dataset.Dataset, err)
			}
		}
		a.datasets = append(a.datasets, d)
	}
	return a, nil
}

// add takes a month in.
func (d *datasetView) add(m Month) error {
	first, err := snapshot.ParseDay(m.Month + "-01")
	if err != nil {
		return fmt.Errorf("%q is not a month; expected YYYY-MM, such as 2026-11", m.Month)
	}
	length := int((first + 31).FirstOfMonth() - first)
	if len(m.Days) != length || len(m.Rows) != length {
		return fmt.Errorf("%s has %d states and %d counts of rows, expected %d of each", m.Month, len(m.Days), len(m.Rows), length)
	}
	for i := range length {
		day, state := first+snapshot.Day(i), State(m.Days[i])
		if state.word() == "" {
			return fmt.Errorf("%s has the state %q, expected one of %q", day, m.Days[i], order)
		}
		d.days[state] = append(d.days[state], day)
		if m.Rows[i] > d.highest {
			d.highest, d.peak = m.Rows[i], day
		}
	}
	d.months = append(d.months, monthView{first: first, states: m.Days, rows: m.Rows})
	return nil
}

// worst is the state of the dataset as a whole: the worst of its days, Unwanted where it has none.
func (d *datasetView) worst() State {
	for i := range len(order) {
		if len(d.days[State(order[i])]) > 0 {
			return State(order[i])
		}
	}
	return Unwanted
}

// occurring are the states that the days have, from worst to best, without Unwanted.
func (d *datasetView) occurring() []State {
	var found []State
	for i := range len(order) - 1 {
		if len(d.days[State(order[i])]) > 0 {
			found = append(found, State(order[i]))
		}
	}
	return found
}

// failed tells whether a day of any dataset failed.
func (a *accountView) failed() bool {
	return slices.ContainsFunc(a.datasets, func(d datasetView) bool { return len(d.days[Failed]) > 0 })
}

// tally counts the days of each state.
func (m *monthView) tally() map[State]int {
	n := map[State]int{}
	for i := range len(m.states) {
		n[State(m.states[i])]++
	}
	return n
}

// sum is the rows of all days.
func (m *monthView) sum() int64 {
	var sum int64
	for _, rows := range m.rows {
		sum += rows
	}
	return sum
}

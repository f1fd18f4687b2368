package simulator

import (
	"strconv"
	"time"
)

// What the dice of a yard are thrown for: the second part of a newDice, after the seed.
const (
	diceOfDay uint64 = iota
	diceOfTicket
	diceOfCustomer
	diceOfBusiness
)

// priceStep is half a cent: what prices are told in.
const priceStep = 50

// ticketsPerIDDay is the room for ids that each day has.
const ticketsPerIDDay = 10_000_000

// ticketsOn is how many tickets a day has: fewer on a Saturday, none on a Sunday.
func (c YardConfig) ticketsOn(day time.Time) int {
	d := newDice(c.Seed, diceOfDay, dayNumber(day))
	per := c.TicketsPerDay
	switch day.Weekday() {
	case time.Sunday:
		return 0
	case time.Saturday:
		return max(1, per*3/10+d.below(per*3/10+1))
	default:
		return max(1, per*6/10+d.below(per*8/10+1))
	}
}

// opening is the yard's first day.
func opening() time.Time { return time.Date(1990, time.January, 1, 0, 0, 0, 0, time.UTC) }

// dayNumber counts days from the opening on, of which the ids of tickets are made.
func dayNumber(day time.Time) uint64 {
	return uint64(day.Unix()-opening().Unix()) / (24 * 60 * 60)
}

// ticketDay makes the tickets of one day, each from its number alone.
type ticketDay struct {
	cfg        YardConfig
	number     uint64
	digits     string // 20261120
	open, shut time.Time
	midnight   time.Time // the end of the day
	n          int       // tickets in the opening hours; what is numbered n and above comes after them
}

func newTicketDay(cfg YardConfig, day time.Time, n int) ticketDay {
	year, month, date := day.Date()
	at := func(date, hour int) time.Time { return time.Date(year, month, date, hour, 0, 0, 0, cfg.Zone) }
	t := ticketDay{
		cfg: cfg, number: dayNumber(day), digits: day.Format("20060102"), n: n,
		open: at(date, 7), shut: at(date, 17), midnight: at(date+1, 0),
	}
	if day.Weekday() == time.Saturday {
		t.open, t.shut = at(date, 8), at(date, 12)
	}
	return t
}

// time is when ticket i was made. It never goes back from one ticket to the next.
func (t ticketDay) time(i int, d *dice) time.Time {
	part := d.fraction()
	if i >= t.n {
		late := t.shut.Add(time.Duration(i-t.n)*time.Minute + time.Duration(part*float64(time.Minute)))
		if last := t.midnight.Add(-time.Second); late.After(last) {
			return last
		}
		return late
	}
	hours := float64(t.shut.Sub(t.open))
	return t.open.Add(time.Duration(hours * (float64(i) + part) / float64(t.n)))
}

// appendTicket writes ticket i as JSON.
func (t ticketDay) appendTicket(dst []byte, i int) []byte {
	d := newDice(t.cfg.Seed, diceOfTicket, t.number, uint64(i))
	made := t.time(i, d)
	dst = append(dst, `{"Id":`...)
	dst = strconv.AppendUint(dst, t.number*ticketsPerIDDay+uint64(i)+1, 10)
	dst = append(dst, `,"TicketNumber":"`...)
	dst = append(append(dst, t.digits...), '-')
	dst = appendPadded(dst, i+1, 4)
	dst = append(dst, `","TicketDate":"`...)
	dst = made.AppendFormat(dst, time.RFC3339)
	dst = append(dst, `","Type":"Purchase",`...)
	business := d.oneIn(8)
	dst = t.appendSeller(dst, d, business)
	dst = append(dst, `,"Lines":[`...)
	net, cents := 0, 0
	for line := range 1 + d.below(2)*d.below(5) {
		if line > 0 {
			dst = append(dst, ',')
		}
		var lineNet, lineCents int
		dst, lineNet, lineCents = appendLine(dst, d, line+1, business)
		net, cents = net+lineNet, cents+lineCents
	}
	dst = append(dst, `],"TotalNet":`...)
	dst = appendFixed(dst, net, 1)
	dst = append(dst, `,"TotalAmount":`...)
	dst = appendFixed(dst, cents, 2)
	dst = appendPayment(dst, d, business)
	return appendRemarks(dst, d)
}

func (t ticketDay) appendSeller(dst []byte, d *dice, business bool) []byte {
	if business {
		i := d.below(t.cfg.Businesses)
		dst = append(dst, `"SellerType":"Business","CustomerId":null,"BusinessId":`...)
		dst = strconv.AppendInt(dst, int64(firstBusiness+i), 10)
		dst = append(dst, `,"SellerName":"`...)
		return append(append(dst, t.cfg.businessName(i)...), '"')
	}
	i := d.below(t.cfg.Customers)
	first, last := t.cfg.customerName(i)
	dst = append(dst, `"SellerType":"Customer","CustomerId":`...)
	dst = strconv.AppendInt(dst, int64(firstCustomer+i), 10)
	dst = append(dst, `,"BusinessId":null,"SellerName":"`...)
	dst = append(append(dst, first...), ' ')
	return append(append(dst, last...), '"')
}

// appendLine writes one metal that was weighed, and gives its net weight in tenths of a pound and its amount in cents.
func appendLine(dst []byte, d *dice, line int, business bool) (out []byte, net, cents int) {
	m := pick(d, metals[:])
	price := m.low + priceStep*d.below((m.high-m.low)/priceStep+1)
	most := 1200
	if business {
		most = 6000
	}
	var tare int
	if m.byTruck {
		tare = 20 * d.between(150, 1400)
		net = 20 * d.between(10, 600)
		tare, net = tare*10, net*10
	} else {
		tare = 5 * d.between(0, 120)
		net = 5 * d.between(4, most)
	}
	cents = (net*price + 500) / 1000
	dst = append(dst, `{"Line":`...)
	dst = strconv.AppendInt(dst, int64(line), 10)
	dst = append(append(dst, `,"MaterialCode":"`...), m.code...)
	dst = append(append(dst, `","Material":"`...), m.name...)
	dst = appendFixed(append(dst, `","Gross":`...), net+tare, 1)
	dst = appendFixed(append(dst, `,"Tare":`...), tare, 1)
	dst = appendFixed(append(dst, `,"Net":`...), net, 1)
	dst = appendFixed(append(dst, `,"Unit":"lb","Price":`...), price, 4)
	dst = appendFixed(append(dst, `,"Amount":`...), cents, 2)
	return append(dst, '}'), net, cents
}

func appendPayment(dst []byte, d *dice, business bool) []byte {
	kind := pick(d, payments[:])
	if business {
		kind = "Check"
	}
	dst = append(append(dst, `,"PaymentType":"`...), kind...)
	dst = append(dst, `","CheckNumber":`...)
	if kind == "Check" {
		dst = strconv.AppendInt(dst, int64(d.between(10_000, 99_999)), 10)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(append(dst, `,"Cashier":"`...), pick(d, cashiers[:])...)
	return append(dst, '"')
}

func appendRemarks(dst []byte, d *dice) []byte {
	void := d.oneIn(90)
	dst = strconv.AppendBool(append(dst, `,"IsVoid":`...), void)
	dst = append(dst, `,"Notes":`...)
	switch {
	case void:
		dst = append(dst, `"VOID - re-weighed, see next ticket"`...)
	case d.oneIn(12):
		dst = append(dst, pick(d, notes[:])...)
	default:
		dst = append(dst, "null"...)
	}
	return append(dst, '}')
}

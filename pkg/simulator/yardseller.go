package simulator

import (
	"strconv"
	"strings"
)

// The lowest ids.
const (
	firstCustomer = 1001
	firstBusiness = 501
)

// customerName is the name of customer i, counted from 0, in its record and on its tickets.
func (c YardConfig) customerName(i int) (first, last string) {
	d := newDice(c.Seed, diceOfCustomer, uint64(i))
	return pick(d, firstNames[:]), pick(d, lastNames[:])
}

// businessName is the name of business i, counted from 0.
func (c YardConfig) businessName(i int) string {
	d := newDice(c.Seed, diceOfBusiness, uint64(i))
	return pick(d, lastNames[:]) + " " + pick(d, trades[:])
}

// appendCustomer writes customer i as JSON. Everything personal in it is invented: telephone numbers, ids and
// addresses are of ranges that belong to nobody.
func (c YardConfig) appendCustomer(dst []byte, i int) []byte {
	first, last := c.customerName(i)
	d := newDice(c.Seed, diceOfCustomer, uint64(i), 1)
	dst = strconv.AppendInt(append(dst, `{"Id":`...), int64(firstCustomer+i), 10)
	dst = append(append(dst, `,"FirstName":"`...), first...)
	dst = append(append(dst, `","LastName":"`...), last...)
	dst = append(dst, `",`...)
	dst = appendAddress(dst, d)
	state := pick(d, states[:])
	dst = append(dst, `,"DriverLicense":{"Number":"FAKE-`...)
	dst = appendPadded(dst, d.below(10_000_000), 7)
	dst = append(append(dst, `","State":"`...), state.code...)
	dst = append(dst, `","Expires":"20`...)
	dst = appendDate(dst, d, 27, 33)
	dst = append(dst, `"},"Vehicle":`...)
	if d.oneIn(3) {
		dst = append(dst, "null"...)
	} else {
		dst = append(append(dst, `{"Make":"`...), pick(d, vehicles[:])...)
		dst = append(dst, `","Plate":"FAKE `...)
		dst = append(appendPadded(dst, d.below(1000), 3), `"}`...)
	}
	dst = append(dst, `,"CreatedOn":"20`...)
	dst = appendDate(dst, d, 14, 25)
	return append(dst, `","Active":true}`...)
}

// appendBusiness writes business i as JSON, as invented as the customers are.
func (c YardConfig) appendBusiness(dst []byte, i int) []byte {
	d := newDice(c.Seed, diceOfBusiness, uint64(i), 1)
	name := c.businessName(i)
	dst = strconv.AppendInt(append(dst, `{"Id":`...), int64(firstBusiness+i), 10)
	dst = append(append(dst, `,"Name":"`...), name...)
	dst = append(dst, `","TaxId":"00-`...) // no EIN begins with 00
	dst = appendPadded(dst, d.below(10_000_000), 7)
	dst = append(dst, `",`...)
	dst = appendAddress(dst, d)
	dst = append(dst, `,"Contacts":[`...)
	for n := range 1 + d.below(3) {
		if n > 0 {
			dst = append(dst, ',')
		}
		first := pick(d, firstNames[:])
		dst = append(append(dst, `{"Name":"`...), first...)
		dst = append(append(dst, ' '), pick(d, lastNames[:])...)
		dst = append(dst, `","Email":"contact`...)
		dst = strconv.AppendInt(dst, int64(n+1), 10)
		dst = append(dst, `@business`...)
		dst = strconv.AppendInt(dst, int64(firstBusiness+i), 10)
		dst = append(dst, `.example","Phone":"`...)
		dst = append(appendPhone(dst, d), `"}`...)
	}
	dst = append(dst, `],"PriceAdjustment":`...)
	dst = appendFixed(dst, 5*d.below(40), 3)
	dst = append(dst, `,"CreatedOn":"20`...)
	dst = appendDate(dst, d, 10, 25)
	return append(dst, `","Active":true}`...)
}

func appendAddress(dst []byte, d *dice) []byte {
	state := pick(d, states[:])
	dst = append(dst, `"Address":{"Street":"`...)
	dst = strconv.AppendInt(dst, int64(d.between(1, 9999)), 10)
	dst = append(append(dst, ' '), pick(d, streets[:])...)
	dst = append(append(dst, `","City":"`...), pick(d, cities[:])...)
	dst = append(append(dst, `","State":"`...), state.code...)
	dst = append(append(dst, `","Zip":"`...), state.zip...)
	dst = appendPadded(dst, d.below(100), 2)
	dst = append(dst, `"},"Phone":"`...)
	return append(appendPhone(dst, d), '"')
}

// appendPhone writes a telephone number of the range kept for fiction.
func appendPhone(dst []byte, d *dice) []byte {
	dst = append(dst, "(555) 555-01"...)
	return appendPadded(dst, d.below(100), 2)
}

// appendDate writes a date without its century, in one of the years from low to high.
func appendDate(dst []byte, d *dice, low, high int) []byte {
	dst = append(appendPadded(dst, d.between(low, high), 2), '-')
	dst = append(appendPadded(dst, d.between(1, 12), 2), '-')
	return appendPadded(dst, d.between(1, 28), 2)
}

// matches says that a name has a part in it, whatever the case.
func matches(name, part string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(part))
}

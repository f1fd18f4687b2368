package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sellerHistory is how many days back the purchases of one seller are served.
const sellerHistory = 90

// identity is what a lookup goes by, in whichever dataset it stands. The members are spelt Id, CustomerId and so on.
type identity struct {
	ID                        int64
	FirstName, LastName, Name string
	CustomerID, BusinessID    int64
}

// lookup serves what a yard offers beside its listings: one record by its id, a search by name, the purchases of one
// seller.
func (y *Yard) lookup(c *call) *Reply {
	dataset, rest := y.below(c.Path)
	if dataset == Purchases {
		return y.sellerPurchases(c, rest)
	}
	all := y.stock.list(dataset, time.Time{})
	if rest == "search" {
		part := c.query.Get("name")
		if part == "" {
			return refusal(http.StatusBadRequest, "The name parameter is required.")
		}
		return y.cut(c, sift(all, "", func(who identity) bool {
			return matches(who.FirstName+" "+who.LastName, part) || matches(who.Name, part)
		}))
	}
	if id, err := strconv.ParseInt(rest, 10, 64); err == nil {
		if found := sift(all, rest, func(who identity) bool { return who.ID == id }); len(found) > 0 {
			body := append([]byte(`{"IsError":0,"Message":"Success.","Data":`), found[0]...)
			return jsonReply(http.StatusOK, append(body, '}'))
		}
	}
	return notFound()
}

func (y *Yard) sellerPurchases(c *call, rest string) *Reply {
	kind, text, _ := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || (kind != "customer" && kind != "business") {
		return notFound()
	}
	year, month, date := y.cfg.Now().In(y.cfg.Zone).Date()
	var all chain
	for back := sellerHistory - 1; back >= 0; back-- {
		all = append(all, y.stock.list(Purchases, time.Date(year, month, date-back, 0, 0, 0, 0, time.UTC)))
	}
	if y.cfg.Order == Descending {
		slices.Reverse(all)
	}
	return y.cut(c, sift(all, text, func(who identity) bool {
		return kind == "customer" && who.CustomerID == id || kind == "business" && who.BusinessID == id
	}))
}

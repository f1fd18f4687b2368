package app_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"testing"
	"time"

	"yardstick/pkg/export"
	"yardstick/pkg/simulator"
)

// brokenAnswer is a form in which an answer is none, and what becomes of it.
type brokenAnswer struct {
	name  string
	page  int // which one is broken, of five
	fault *simulator.Answer
	kind  export.Kind
	says  string
	pages string // that are asked for
}

func brokenAnswers() []brokenAnswer {
	const ok, closed = "application/json; charset=utf-8", "the vendor says no: Yard closed."
	json := func(body string) *simulator.Answer { return answer(200, ok, body) }
	cut := func(how simulator.Cut) *simulator.Answer { return &simulator.Answer{Cut: how, CutAt: 60} }
	gzipCut := func(how simulator.Cut) *simulator.Answer {
		a := zipped(func(body []byte) []byte { return body })
		a.Cut, a.CutAt = how, 60
		return a
	}
	const once, again = "1 2 3", "1 2 3 3 3 3"
	return []brokenAnswer{
		{"IsError 1", 3, json(`{"IsError":1,"Message":"Yard closed.","Data":[{"id":1}]}`), export.VendorError, closed, once},
		{"IsError true", 3, json(`{"IsError":true,"Message":"Yard closed.","Data":[{"id":1}]}`), export.VendorError, closed, once},
		{"IsError text", 3, json(`{"Data":[{"id":1}],"Message":"Yard closed.","IsError":"1"}`), export.VendorError, closed, once},
		{"IsError without rows", 3, json(`{"IsError":1,"Message":"Yard closed.","Data":[]}`), export.VendorError, closed, once},
		{"IsError on page 1", 1, json(`{"IsError":1,"Message":"Yard closed.","Data":[]}`), export.VendorError, closed, "1"},

		{"Data null", 3, json(`{"IsError":0,"Message":"Success.","Data":null}`), export.Malformed, "Data is null", once},
		{"Data missing", 3, json(`{"IsError":0,"Message":"Success."}`), export.Malformed, "Data is missing", once},
		{"Data an object without an array", 3, json(`{"IsError":0,"Data":{"Count":0}}`), export.Malformed, "without an array of objects", once},
		{"Data null on page 1", 1, json(`{"IsError":0,"Message":"Success.","Data":null}`), export.Malformed, "Data is null", "1"},

		{"text/html", 3, answer(200, "text/html; charset=utf-8", "<html>Log in</html>"), export.Malformed, "text/html, expected JSON", once},
		{"JSON as text/html", 3, answer(200, "text/html", `{"IsError":0,"Data":[]}`), export.Malformed, "text/html, expected JSON", once},
		{"empty body", 3, json(""), export.Malformed, "empty", once},
		{"empty body on page 1", 1, json(""), export.Malformed, "empty", "1"},
		{"two documents in one body", 3, json(`{"IsError":0,"Data":[]}{"IsError":0,"Data":[]}`), export.Malformed, "follows", once},
		{"204", 3, answer(204, ok, ""), export.Malformed, "empty", once},
		{"204 on page 1", 1, answer(204, ok, ""), export.Malformed, "empty", "1"},

		{"cut, with Content-Length", 3, cut(simulator.CutSized), export.Unavailable, "body cut after 60 bytes", again},
		{"cut, without Content-Length", 3, cut(simulator.CutUnsized), export.Malformed, "ends too early", once},
		{"cut, in chunks", 3, cut(simulator.CutChunked), export.Unavailable, "body cut after 60 bytes", again},
		{"gzip cut, with Content-Length", 3, gzipCut(simulator.CutSized), export.Unavailable, "body cut", again},
		{"gzip cut, without Content-Length", 3, gzipCut(simulator.CutUnsized), export.Unavailable, "body cut", again},
		{"gzip cut, in chunks", 3, gzipCut(simulator.CutChunked), export.Unavailable, "body cut", again},
		{"gzip without its checksum", 3, zipped(func(b []byte) []byte { return b[:len(b)-8] }), export.Unavailable, "unexpected EOF", again},
		{"gzip with another checksum", 3, zipped(func(b []byte) []byte { b[len(b)-8] ^= 1; return b }), export.Unavailable, "checksum", again},
	}
}

// zipped compresses the real answer, and spoils it.
func zipped(spoil func([]byte) []byte) *simulator.Answer {
	return &simulator.Answer{Rewrite: func(r *simulator.Reply) {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, err := zip.Write(r.Body)
		if err := errors.Join(err, zip.Close()); err != nil {
			panic(err)
		}
		r.Body = spoil(packed.Bytes())
		r.Header.Set("Content-Encoding", "gzip")
	}}
}

// Each form breaks a day of its own, of five pages: on the day's first reading, when it leaves nothing, and when the day
// is there already and has other rows than before.
func TestABrokenAnswerFailsItsDayByNameAndChangesNothing(t *testing.T) {
	forms := brokenAnswers()
	inWorld(t, simulator.YardConfig{MaxPageSize: 10}, ranging, func(w *world) {
		break1 := func() {
			w.onDays(len(forms), func(i, _ int, r simulator.Request) *simulator.Answer {
				if r.Page == forms[i].page {
					return forms[i].fault
				}
				return nil
			})
		}
		stock := func(first, last int) {
			for i := range forms {
				w.yard.SetRecords(simulator.Purchases, dayOf(i), tickets(first, last))
			}
		}
		stock(1, 45)
		break1()
		w.eachFails(forms)
		if kept := w.changed(nil); len(kept) != 0 {
			t.Errorf("%q are in the bucket, and no day was ever read whole", kept)
		}
		w.yard.Fault(nil)
		w.run(ranged(len(forms)), export.Complete)
		for i := range forms {
			w.holds(dayOf(i), tickets(1, 45), 5)
		}

		stock(2, 48)
		break1()
		w.eachFails(forms)
		w.yard.Fault(nil)
		w.pass(time.Minute)
		w.run(ranged(len(forms)), export.Complete)
		for i := range forms {
			w.holds(dayOf(i), tickets(2, 48), 5)
		}
	})
}

// eachFails has each form's day read, and checks that it failed as it should and that nothing in the bucket changed.
func (w *world) eachFails(forms []brokenAnswer) {
	w.Helper()
	w.pass(time.Minute)
	before, since := w.kept(), len(w.yard.Requests())
	r := w.run(ranged(len(forms)), export.Failed)
	for i, b := range forms {
		w.failsBy(r, dayOf(i), b.name, b.kind, fmt.Sprintf("page %d: ", b.page), b.says)
		if got := w.pages(since, dayOf(i)); got != b.pages {
			w.Errorf("%s: the pages %q were asked for, expected %q", b.name, got, b.pages)
		}
	}
	if d := w.dataset(r, "purchases"); d.Written+d.Unchanged != 0 || d.Remaining != len(forms) {
		w.Errorf("%s; expected every day to be still due", show(d))
	}
	if changed := w.changed(before); len(changed) != 0 {
		w.Errorf("%q changed", changed)
	}
}

// An answer that says there are no rows is believed, on the first reading and where there were rows.
func TestAnAnswerWithoutRowsIsAnEmptyDay(t *testing.T) {
	bodies := []string{
		`{"IsError":0,"Data":[]}`,
		`{"IsError":false,"Message":"Success.","Data":[]}`,
		`{"IsError":"0","Message":null,"Data":{"Items":[],"TotalCount":0}}`,
	}
	inWorld(t, simulator.YardConfig{}, ranging, func(w *world) {
		empty := func(i, _ int, _ simulator.Request) *simulator.Answer {
			return answer(200, "application/json", bodies[i])
		}
		w.onDays(len(bodies), empty)
		w.run(ranged(len(bodies)), export.Complete)
		for i, body := range bodies {
			w.holds(dayOf(i), nil, 1)
			if got := w.pages(0, dayOf(i)); got != "1" {
				t.Errorf("%s: the pages %q were asked for, expected the first one only", body, got)
			}
			w.yard.SetRecords(simulator.Purchases, dayOf(i), tickets(1, 15))
		}
		w.yard.Fault(nil)
		w.pass(time.Minute)
		w.run(ranged(len(bodies)), export.Complete)
		w.holds(dayOf(0), tickets(1, 15), 1)

		w.onDays(len(bodies), empty)
		w.pass(time.Minute)
		r := w.run(ranged(len(bodies)), export.Complete)
		if d := w.dataset(r, "purchases"); d.Vanished != int64(15*len(bodies)) || d.Written != len(bodies) {
			t.Errorf("%s; expected 15 rows to have vanished from each day", show(d))
		}
		for i := range bodies {
			w.holds(dayOf(i), nil, 1)
		}
	})
}

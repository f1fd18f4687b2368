package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"yardstick/pkg/app"
)

// What an export with nothing due may take at most.
const (
	mostTime = 40 * time.Millisecond // from start to answer
	mostOver = 1.5                   // until it is ready, over the empty handler; until it answers, over that with the same calls
)

// program is something that is started.
type program struct {
	name, binary string
	event        string
	env          []string
	floor        *program // of an export: an empty handler that makes the same calls to AWS
	quick        bool     // held to mostTime too
	calls        []call   // of the last start
	starts       []start
}

// compare starts each program so many times, in turns, prints what they took, and answers what is longer than it may be.
func compare(folder string, rounds int, out io.Writer) (slow []string, err error) {
	dir, err := os.MkdirTemp(folder, "world-")
	if err != nil {
		return nil, err
	}
	w, err := newWorld(dir)
	if err != nil {
		return nil, errors.Join(err, w.end())
	}
	defer func() { err = errors.Join(err, w.end()) }()
	programs, err := w.programs(folder)
	if err != nil {
		return nil, err
	}
	for range rounds {
		for _, p := range programs {
			if err := w.measure(p, p.floor); err != nil {
				return nil, err
			}
		}
	}
	printTable(programs, out)
	for _, p := range programs[1:] {
		slow = append(slow, p.faults(programs[0])...)
	}
	return slow, nil
}

// programs are what is compared, the empty handler first.
func (w *world) programs(folder string) ([]*program, error) {
	all := []*program{
		{name: "empty handler", binary: "empty", event: "{}", env: w.env[app.ScrapRight]},
		w.export(app.ScrapRight, "purchases", true),
		w.export(app.Scrunch, "brand_daily", true),
		w.export(app.Scrunch, "", false),
	}
	for _, p := range all {
		p.binary = filepath.Join(folder, p.binary)
		if err := w.prepare(p, all[0].binary); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// export is an export function, asked for one of its datasets or for all.
func (w *world) export(source, dataset string, quick bool) *program {
	p := &program{binary: source + "-export", event: past(time.Now(), dataset), env: w.env[source], quick: quick}
	p.name = p.binary + ", " + cmp.Or(dataset, "all datasets")
	p.floor = &program{name: "empty handler", event: "{}", env: slices.Clone(w.env[source])}
	return p
}

// prepare starts a program before the clock runs, so that binaries are in memory. A first export makes the history; what a
// second one calls, its floor calls too.
func (w *world) prepare(p *program, empty string) error {
	if _, err := begin(p.binary, p.event, p.env); err != nil || p.floor == nil {
		return err
	}
	w.aws.take()
	s, err := w.once(p)
	if err != nil {
		return err
	}
	if err := didNothing(s.body); err != nil {
		return err
	}
	calls, err := again(p.calls)
	p.floor.binary, p.floor.env = empty, append(p.floor.env, "CALLS="+calls)
	return err
}

// measure starts a program and its floor.
func (w *world) measure(p, floor *program) error {
	s, err := w.once(p)
	if err == nil && floor != nil {
		err = didNothing(s.body)
	}
	if err != nil {
		return err
	}
	p.starts = append(p.starts, s)
	if floor == nil {
		return nil
	}
	return w.measure(floor, nil)
}

func (w *world) once(p *program) (start, error) {
	s, err := begin(p.binary, p.event, p.env)
	p.calls = w.aws.take()
	return s, err
}

// didNothing says that a run found all in its place.
func didNothing(body []byte) error {
	var r app.Result
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	if r.Status != "complete" || r.Remaining > 0 || len(r.Warnings) > 0 || len(r.Accounts) != 1 || len(r.Accounts[0].Datasets) == 0 {
		return fmt.Errorf("expected a complete run of an account: %s", body)
	}
	for _, d := range r.Accounts[0].Datasets {
		if d.Written+d.Unchanged > 0 {
			return fmt.Errorf("%s: expected nothing to be due: %s", d.Dataset, body)
		}
	}
	return nil
}

func ready(s start) time.Duration    { return s.ready }
func answered(s start) time.Duration { return s.answer }
func cpu(s start) time.Duration      { return s.cpu }

func (p *program) sorted(of func(start) time.Duration) []time.Duration {
	var all []time.Duration
	for _, s := range p.starts {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return all
}

func (p *program) median(of func(start) time.Duration) time.Duration {
	return p.sorted(of)[len(p.starts)/2]
}

// over is how many times as long as the floor's its median is.
func (p *program) over(floor *program, of func(start) time.Duration) float64 {
	return p.median(of).Seconds() / floor.median(of).Seconds()
}

func (p *program) faults(empty *program) (slow []string) {
	if took := p.median(answered); p.quick && took > mostTime {
		slow = append(slow, fmt.Sprintf("%s answers %s ms after its start; expected %s at most", p.name, ms(took), ms(mostTime)))
	}
	if n := p.over(empty, ready); n > mostOver {
		slow = append(slow, fmt.Sprintf("%s is ready after %.2f times the empty handler's time; expected %.1f at most", p.name, n, mostOver))
	}
	if n := p.over(p.floor, answered); n > mostOver {
		slow = append(slow, fmt.Sprintf("%s answers after %.2f times the time of an empty handler that makes the same calls; expected %.1f at most",
			p.name, n, mostOver))
	}
	return slow
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }

func printTable(programs []*program, out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }
	row("program", "starts", "ready ms", "answer ms", "best", "CPU ms", "calls", "the calls alone ms", "over them", "over empty", "binary MB")
	for _, p := range programs {
		alone, over := "", ""
		if p.floor != nil {
			alone, over = ms(p.floor.median(answered)), fmt.Sprintf("%.2f", p.over(p.floor, answered))
		}
		row(p.name, fmt.Sprint(len(p.starts)), ms(p.median(ready)), ms(p.median(answered)), ms(p.sorted(answered)[0]), ms(p.median(cpu)),
			fmt.Sprint(len(p.calls)), alone, over, fmt.Sprintf("%.2f", p.over(programs[0], answered)), megabytes(p.binary))
	}
	_ = table.Flush() // to standard output
}

func megabytes(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.1f", float64(info.Size())/1e6)
}

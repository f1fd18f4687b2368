package snapshot

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// BenchmarkSort gathers windows of a report, one after another in one spool, as an export does. What the sorted
// ones take more is the price of sorting.
func BenchmarkSort(b *testing.B) {
	rows := report(50_000)
	for _, sorted := range []bool{false, true} {
		b.Run(fmt.Sprintf("sorted=%t", sorted), func(b *testing.B) {
			spool, err := NewSpool(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = spool.Close() }()
			spool.Sorted = sorted
			before := cpuTime(b)
			b.ReportAllocs()
			for b.Loop() {
				gather(b, spool, rows)
			}
			b.ReportMetric((cpuTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkSorter is the price of sorting alone: a window is handed over in blocks and comes back in order.
func BenchmarkSorter(b *testing.B) {
	rows, s := report(50_000), &sorter{folder: b.TempDir()}
	defer func() { _ = s.close() }()
	block, merged := []byte(nil), make([]byte, 0, 2*blockSize)
	write := func(line []byte) error {
		if merged = append(merged, line...); len(merged) >= blockSize {
			merged = merged[:0]
		}
		return nil
	}
	before := cpuTime(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, row := range rows {
			if block = append(append(block, row...), '\n'); len(block) < blockSize {
				continue
			}
			if err := s.keep(&block); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.merge(block, write); err != nil {
			b.Fatal(err)
		}
		if err := s.empty(); err != nil {
			b.Fatal(err)
		}
		block = block[:0]
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
}

// gather fills the spool with one window.
func gather(b *testing.B, spool *Spool, rows [][]byte) {
	if err := spool.Begin(&Encoder{}); err != nil {
		b.Fatal(err)
	}
	for _, row := range rows {
		if _, err := spool.Append(row); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := spool.Finish(); err != nil {
		b.Fatal(err)
	}
}

// report is a day of prompt_daily in no order: each prompt has some rows, about 500 bytes long.
func report(n int) [][]byte {
	dice := rand.New(rand.NewPCG(1, 2))
	platforms := []string{"ChatGPT", "Perplexity", "Google Gemini", "Google AI Overviews"}
	subjects := []string{"renters insurance", "umbrella coverage", "pet insurance", "boat insurance"}
	occasions := []string{"as a beginner", "in a small town", "when time is short", "for a family of four"}
	rows := make([][]byte, n)
	for i := range rows {
		prompt := dice.IntN(n * 3 / 10)
		rows[i] = fmt.Appendf(nil, `{"date":"20261122","prompt_id":%d,"prompt":"What should I know about %s %s, case %d?",`+
			`"ai_platform":%q,"stage":"Awareness","branded":%t,"persona_id":%d,"persona_name":"First-time Renter","country":"US",`+
			`"responses":1,"brand_presence_percentage":%d.0,"brand_position_score":null,"brand_sentiment_score":null,`+
			`"brand_citation_rate":0.0,"brand_citation_share_of_voice":%d.0,"citation_count":%d,"citation_unique_responses":1,`+
			`"citation_unique_domains":%d}`, 10_000_000+prompt, subjects[prompt%4], occasions[prompt/4%4], prompt/16,
			platforms[dice.IntN(4)], prompt%3 == 0, 101_501+dice.IntN(3), dice.IntN(2), dice.IntN(2), dice.IntN(9), dice.IntN(9))
	}
	return rows
}

// cpuTime is what the process took so far, its system calls included.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

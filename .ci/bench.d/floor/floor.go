package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

type floor struct{ header, level, out string }

// result is what a run did.
type result struct {
	Requests int   `json:"requests"`
	Bytes    int64 `json:"bytes"`
	Peak     int64 `json:"peak"` // resident, in bytes
}

func (f floor) run(in io.Reader) (result, error) {
	name, value, ok := strings.Cut(f.header, ":")
	if !ok {
		return result{}, fmt.Errorf("-header is %q, expected NAME:VALUE", f.header)
	}
	level, err := levelOf(f.level)
	if err != nil {
		return result{}, err
	}
	file, err := os.Create(f.out)
	if err != nil {
		return result{}, err
	}
	zip, err := gzip.NewWriterLevel(file, level)
	if err != nil {
		return result{}, err
	}
	var done result
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		n, err := fetch(zip, lines.Text(), name, value)
		if err != nil {
			return result{}, err
		}
		done.Requests, done.Bytes = done.Requests+1, done.Bytes+n
	}
	if err := errors.Join(lines.Err(), zip.Close(), file.Close()); err != nil {
		return result{}, err
	}
	done.Peak, err = peak()
	return done, err
}

func fetch(to io.Writer, url, name, value string) (int64, error) {
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set(name, value)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(to, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("GET %s: %s, expected 200", url, answer.Status))
	}
	return n, errors.Join(err, answer.Body.Close())
}

func levelOf(name string) (int, error) {
	levels := map[string]int{"gzip.DefaultCompression": gzip.DefaultCompression, "gzip.BestSpeed": gzip.BestSpeed,
		"gzip.BestCompression": gzip.BestCompression, "gzip.HuffmanOnly": gzip.HuffmanOnly, "gzip.StatelessCompression": gzip.StatelessCompression}
	if level, ok := levels[name]; ok {
		return level, nil
	}
	level, err := strconv.Atoi(name)
	if err != nil {
		return 0, fmt.Errorf("-level is %q, expected a number or a level's name in package gzip", name)
	}
	return level, nil
}

// peak is the most memory that this process ever had resident.
func peak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	kilobytes := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`).FindSubmatch(status)
	if kilobytes == nil {
		return 0, errors.New("/proc/self/status has no VmHWM")
	}
	n, err := strconv.ParseInt(string(kilobytes[1]), 10, 64)
	return n << 10, err
}

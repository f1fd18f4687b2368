package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// number spells a whole number with commas: 12,345.
func number[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	var b strings.Builder
	for i, d := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// counted is a number with its noun, in the plural where it takes one: 1 window, 12 windows.
func counted[T int | int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// length spells a time as people say it: 42s, 6m, 1h 20m, 3d 4h.
func length(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return pair(d, time.Minute, "m", time.Second, "s", d < 10*time.Minute)
	case d < 24*time.Hour:
		return pair(d, time.Hour, "h", time.Minute, "m", true)
	default:
		return pair(d, 24*time.Hour, "d", time.Hour, "h", true)
	}
}

func pair(d, unit time.Duration, name string, part time.Duration, partName string, exact bool) string {
	whole, rest := d/unit, d%unit/part
	if rest == 0 || !exact {
		return fmt.Sprintf("%d%s", whole, name)
	}
	return fmt.Sprintf("%d%s %d%s", whole, name, rest, partName)
}

// size spells a number of bytes: 812 bytes, 1.2 kB, 34 MB.
func size(bytes int64) string {
	const step = 1000
	if bytes < step {
		return counted(bytes, "byte")
	}
	value, units := float64(bytes)/step, "kMGTPE"
	for value >= step {
		value, units = value/step, units[1:]
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %cB", value, units[0])
	}
	return fmt.Sprintf("%.0f %cB", value, units[0])
}

// quoted spells an argument for a shell.
func quoted(argument string) string {
	special := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:=,@+", r)
	}
	if argument != "" && !strings.ContainsFunc(argument, special) {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// wrapped breaks a text at spaces so that its lines fit a width, the further ones indented. Width 0 breaks nothing.
func wrapped(text string, width int) string { return broken(text, width, "  ", "") }

// broken is wrapped with an indent of one's own, and something at the end of each line that goes on.
func broken(text string, width int, indent, ending string) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		switch long := utf8.RuneCountInString(word); {
		case i == 0:
			column = long
		case column+1+long+len(ending) > width:
			b.WriteString(ending + "\n" + indent)
			column = len(indent) + long
		default:
			b.WriteByte(' ')
			column += 1 + long
		}
		b.WriteString(word)
	}
	return b.String()
}

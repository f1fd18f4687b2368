package simulator

import (
	"math"
	"strconv"
)

// dice are numbers that look random and follow from what the dice were made of (splitmix64).
type dice uint64

func newDice(parts ...uint64) *dice {
	var d dice
	for _, p := range parts {
		d ^= dice(p)
		d = dice(d.next())
	}
	return &d
}

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is one of 0 ... n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// between is one of low ... high.
func (d *dice) between(low, high int) int { return low + d.below(high-low+1) }

// fraction is at least 0 and less than 1.
func (d *dice) fraction() float64 { return float64(d.next()>>11) / (math.MaxUint64>>11 + 1) }

func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

func pick[T any](d *dice, of []T) T { return of[d.below(len(of))] }

// appendFixed writes v / 10^decimals with all its decimals: 184040 of two is 1840.40.
func appendFixed(dst []byte, v, decimals int) []byte {
	start := len(dst)
	dst = strconv.AppendInt(dst, int64(v), 10)
	for len(dst)-start <= decimals {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - decimals
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

// appendPadded writes v with at least so many digits.
func appendPadded(dst []byte, v, digits int) []byte {
	for limit := int(math.Pow10(digits - 1)); limit > 1 && v < limit; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

func appendInt(dst []byte, v int) []byte { return strconv.AppendInt(dst, int64(v), 10) }

// appendText writes a printable text as a JSON string.
func appendText(dst []byte, text string) []byte { return strconv.AppendQuote(dst, text) }

// appendTexts writes printable texts as a JSON array.
func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, text)
	}
	return append(dst, ']')
}

// appendWord writes one word of a table as a JSON string: null for -1.
func appendWord(dst []byte, table []string, i int) []byte {
	if i < 0 {
		return append(dst, "null"...)
	}
	return appendText(dst, table[i])
}

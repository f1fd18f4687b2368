package schema

import "math/bits"

const most64 = 19 // digits of which all whole numbers fit in 64 bits, without a sign

// fives are the powers of five.
var fives = [most64 + 1]uint64{1, 5, 25, 125, 625, 3_125, 15_625, 78_125, 390_625, 1_953_125, 9_765_625, 48_828_125, 244_140_625,
	1_220_703_125, 6_103_515_625, 30_517_578_125, 152_587_890_625, 762_939_453_125, 3_814_697_265_625, 19_073_486_328_125}

// kindOfDecimal is what kindOfNumber says of digits with so many of them after the point, by whole numbers alone. Let x be
// the double nearest to that number, u the distance between doubles there, and q the value of the last digit. The digits are
// x's shortest spelling if no other number of so many places is as near to x, and none of fewer places is within u/2 of it:
// that one would be shorter, and x still the double nearest to it. It is not sure where two are as near, nor where x
// is a power of two, as the distance to the double below is another there.
func kindOfDecimal(digits uint64, places int) (k kind, sure bool) {
	for places > 0 && digits%10 == 0 {
		digits, places = digits/10, places-1
	}
	switch {
	case places == 0:
		return 0, false
	case digits >= 1e17: // more digits than mostDigits
		return kindDecimalBeyond, true
	}
	// x is m / 2^(shift+places), where m has 53 bits. All lengths are in units of 1 / (5^places * 2^(shift+places)).
	u := fives[places]
	shift := 52 + bits.Len64(u) - bits.Len64(digits)
	if digits<<bits.LeadingZeros64(digits) < u<<bits.LeadingZeros64(u) {
		shift++
	}
	switch {
	case shift < 0:
		return 0, false
	case shift >= 64 || u < 1<<shift: // q > u: no other number of so many places has the same x
		return kindDecimal, true
	}
	q := int64(1) << shift
	m, rest := bits.Div64(digits>>(64-shift), digits<<shift, u)
	off := int64(rest) // from x to the number
	if 2*rest > u {
		m, off = m+1, off-int64(u)
	}
	if m&(m-1) == 0 || 2*off == q || 2*off == -q {
		return 0, false
	}
	last := int64(digits % 10)
	down, up := last*q-off, (10-last)*q+off // from x to the numbers of one place less
	if 2*off > q || -2*off > q || 2*down < int64(u) || 2*up < int64(u) {
		return kindDecimalBeyond, true
	}
	return kindDecimal, true
}

// kindOfInteger is what kindOfNumber says of fewer than most64 digits.
func kindOfInteger(digits uint64) kind {
	if digits > exactInteger {
		return kindInteger64
	}
	return kindInteger
}

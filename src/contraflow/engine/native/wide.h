/* W: the lanes of a V in double precision. In a kernel of doubles it is V itself; beside floats it is two vectors of
   doubles, whose functions are those of vectors.h under names that end in _D. */

#ifdef SINGLE

typedef struct {
    V_D low, high;
} W;

INLINE W both(V_D low, V_D high) { return (W){low, high}; }
INLINE W splat_w(double x) { return both(splat_D(x), splat_D(x)); }

#if BYTES == 64
INLINE W WIDEN(V x) {
    __m512 v = (__m512)x;
    __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
    return both((V_D)_mm512_cvtps_pd(_mm512_castps512_ps256(v)), (V_D)_mm512_cvtps_pd(high));
}
INLINE V NARROW(W x) {
    __m256d low = _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)x.low));
    __m256d high = _mm256_castps_pd(_mm512_cvtpd_ps((__m512d)x.high));
    return (V)_mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1));
}
INLINE M_D LOW(M m) { return (M_D)m; }
INLINE M_D HIGH(M m) { return (M_D)(m >> LANES_D); }
#else
INLINE W WIDEN(V x) {
    W w;
    for (int i = 0; i < LANES_D; i++) w.low[i] = x[i], w.high[i] = x[i + LANES_D];
    return w;
}
INLINE V NARROW(W x) {
    V v;
    for (int i = 0; i < LANES_D; i++) v[i] = (REAL)x.low[i], v[i + LANES_D] = (REAL)x.high[i];
    return v;
}
INLINE M_D LOW(M m) {
    M_D d;
    for (int i = 0; i < LANES_D; i++) d[i] = m[i];
    return d;
}
INLINE M_D HIGH(M m) {
    M_D d;
    for (int i = 0; i < LANES_D; i++) d[i] = m[i + LANES_D];
    return d;
}
#endif

#define UNARY(name) \
    INLINE W name##_w(W x) { return both(name##_v_D(x.low), name##_v_D(x.high)); }
#define BINARY(name, of) \
    INLINE W name##_w(W x, W y) { return both(of(x.low, y.low), of(x.high, y.high)); }
#define SUM_D(a, b) ((a) + (b))
#define DIFFERENCE_D(a, b) ((a) - (b))
#define PRODUCT_D(a, b) ((a) * (b))
#define QUOTIENT_D(a, b) ((a) / (b))
BINARY(add, SUM_D)
BINARY(sub, DIFFERENCE_D)
BINARY(mul, PRODUCT_D)
BINARY(div, QUOTIENT_D)
BINARY(max, MAX_D)
BINARY(min, MIN_D)
BINARY(erf_inv, erf_inv_v_D)
UNARY(abs)
UNARY(sign)
UNARY(sqrt)
UNARY(exp)
UNARY(expm1)
UNARY(log)
UNARY(log1p)
UNARY(tanh)
UNARY(logistic)
UNARY(erf)
UNARY(erfc)
INLINE W neg_w(W x) { return both(-x.low, -x.high); }
INLINE W power_w(W a, W b, W size) {
    return both(power_v_D(a.low, b.low, size.low), power_v_D(a.high, b.high, size.high));
}
INLINE W select_w(M m, W a, W b) { return both(SEL_D(LOW(m), a.low, b.low), SEL_D(HIGH(m), a.high, b.high)); }

#else

typedef V W;
#define WIDEN(x) (x)
#define NARROW(x) (x)
#define splat_w(x) SPLAT(x)
INLINE W add_w(W x, W y) { return x + y; }
INLINE W mul_w(W x, W y) { return x * y; }

#endif

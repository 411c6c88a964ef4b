using System.Globalization;

namespace BinarySize.Budgets;

/// <summary>
/// Size literals. A number and a unit: B, kB, KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024), with or
/// without a space between; a bare whole number is bytes. Units are case-sensitive (but kB and KB are one), the decimal
/// point is '.'; fractions of a byte are dropped. Anything else is refused, never guessed.
/// </summary>
public static class ByteSize
{
    /// <summary>What a message says of the accepted forms.</summary>
    public const string Forms = "a number with a unit, like 5242880, 500 kB, 5 MB (powers of 1000) or 512 KiB, 5 MiB, 1.5 GiB (powers of 1024)";

    private static readonly (string Unit, long Factor)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30),
        ("kB", 1000), ("KB", 1000), ("MB", 1000_000), ("GB", 1000_000_000), ("B", 1),
    ];

    /// <summary>Reads a literal. False where it is not one, or larger than 2^63-1 bytes.</summary>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> rest = (text ?? "").AsSpan().Trim();
        long factor = 1;
        bool hasUnit = false;
        foreach ((string unit, long value) in s_units)
        {
            if (!rest.EndsWith(unit, StringComparison.Ordinal)) continue;
            rest = rest[..^unit.Length].TrimEnd();
            factor = value;
            hasUnit = true;
            break;
        }
        int point = rest.IndexOf('.');
        ReadOnlySpan<char> whole = point < 0 ? rest : rest[..point], fraction = point < 0 ? "0" : rest[(point + 1)..];
        if (!AllDigits(whole) || !AllDigits(fraction) || (point >= 0 && !hasUnit)) return false;
        if (!decimal.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)) return false;
        if (number > (decimal)long.MaxValue / factor) return false;
        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>A size for people: "1.27 MiB", "482.3 KiB", "12 B"; three or four digits that count, powers of 1024.</summary>
    public static string Format(long bytes)
    {
        double value = Math.Abs((double)bytes);
        string sign = bytes < 0 ? "-" : "";
        return value switch
        {
            < 1024 => string.Create(CultureInfo.InvariantCulture, $"{sign}{value:0} B"),
            < 1024 * 1023.95 => string.Create(CultureInfo.InvariantCulture, $"{sign}{value / 1024:0.0} KiB"),
            < 1024d * 1024 * 1023.995 => string.Create(CultureInfo.InvariantCulture, $"{sign}{value / (1 << 20):0.00} MiB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{sign}{value / (1 << 30):0.00} GiB"),
        };
    }

    /// <summary>Exact bytes with thousands separated: "5,736,755 B".</summary>
    public static string Exact(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} B");

    private static bool AllDigits(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return false;
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c)) return false;
        }
        return true;
    }
}

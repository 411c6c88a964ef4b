using System.Text;

namespace BinarySize.Attribution.Symbols;

/// <summary>Text under construction, as UTF-8, that never grows past a limit: names in files can unfold exponentially.</summary>
internal sealed class TextBuffer
{
    /// <summary>Longest demangled name, in bytes.</summary>
    public const int MaxLength = 1 << 20;

    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    /// <summary>True once something did not fit; what is there is then worth nothing.</summary>
    public bool Overflowed { get; private set; }

    public byte Last => Length > 0 ? _bytes[Length - 1] : (byte)0;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        Overflowed = false;
    }

    public void Append(byte value)
    {
        if (Length == _bytes.Length && !Grow(1)) return;
        _bytes[Length++] = value;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        if (text.Length > _bytes.Length - Length && !Grow(text.Length)) return;
        text.CopyTo(_bytes.AsSpan(Length));
        Length += text.Length;
    }

    public void Append(ulong number)
    {
        Span<byte> digits = stackalloc byte[20];
        number.TryFormat(digits, out int n, provider: System.Globalization.CultureInfo.InvariantCulture);
        Append(digits[..n]);
    }

    public void AppendRune(Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        Append(utf8[..rune.EncodeToUtf8(utf8)]);
    }

    /// <summary>Takes back what was written after <paramref name="length"/>.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);

    public override string ToString() => Encoding.UTF8.GetString(Written);

    private bool Grow(int more)
    {
        if (more > MaxLength - Length)
        {
            Overflowed = true;
            return false;
        }
        Array.Resize(ref _bytes, Math.Min(MaxLength, Math.Max(_bytes.Length * 2, Length + more)));
        return true;
    }
}

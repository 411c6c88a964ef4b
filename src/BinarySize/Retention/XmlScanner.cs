using System.Buffers;
using System.Buffers.Text;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Retention;

/// <summary>
/// Reads the start tags of an XML document in UTF-8 as they stream by, for documents of hundreds of megabytes that are
/// nothing but attributes. Text, comments and instructions are passed over; a document type is refused, so that nothing
/// can be expanded. One tag is in memory at a time. Throws <see cref="BadFormatException"/> where the document is damaged.
/// </summary>
internal sealed class XmlScanner : IDisposable
{
    // A label of the compilers is a few kilobytes at most.
    private const int MaxTag = 1 << 20, MaxDepth = 64;

    private static readonly SearchValues<byte> s_tagEnds = SearchValues.Create("\"'>"u8);

    private readonly Stream _stream;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
    private byte[] _decoded = new byte[1 << 12];
    private int _at, _end, _nameStart, _nameEnd, _tagEnd, _attribute;
    private int _depth;
    private bool _started, _ended;

    public XmlScanner(Stream stream) => _stream = stream;

    /// <summary>Name of the element at hand.</summary>
    public ReadOnlySpan<byte> Name => _buffer.AsSpan(_nameStart, _nameEnd - _nameStart);

    /// <summary>Goes to the next start tag; false at the end of a document that is whole.</summary>
    public bool Read()
    {
        if (!_started) Start();
        while (true)
        {
            int open = _buffer.AsSpan(_at, _end - _at).IndexOf((byte)'<');
            if (open < 0)
            {
                _at = _end;
                if (Fill()) continue;
                if (_ended) return false;
                throw new BadFormatException("it ends in the middle");
            }
            _at += open;
            Need(2);
            switch (_buffer[_at + 1])
            {
                case (byte)'?':
                    SkipTo("?>"u8);
                    break;
                case (byte)'!':
                    SkipMarkup();
                    break;
                case (byte)'/':
                    SkipTo(">"u8);
                    if (--_depth < 0) throw new BadFormatException("an element ends that has not begun");
                    _ended = _depth == 0;
                    break;
                default:
                    ReadTag();
                    return true;
            }
        }
    }

    /// <summary>The next attribute of the element at hand, its value decoded; valid until the next call.</summary>
    public bool NextAttribute(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> tag = _buffer.AsSpan(0, _tagEnd);
        int at = _attribute;
        while (at < tag.Length && IsSpace(tag[at])) at++;
        name = value = default;
        if (at >= tag.Length || tag[at] == '/') return false;
        int equals = tag[at..].IndexOf((byte)'=');
        if (equals <= 0) throw new BadFormatException("an attribute has no value");
        name = tag.Slice(at, equals).TrimEnd(" \t\r\n"u8);
        at += equals + 1;
        while (at < tag.Length && IsSpace(tag[at])) at++;
        if (at >= tag.Length || tag[at] is not ((byte)'"' or (byte)'\'')) throw new BadFormatException("an attribute's value is not quoted");
        int length = tag[(at + 1)..].IndexOf(tag[at]);
        if (length < 0) throw new BadFormatException("an attribute's value does not end");
        value = Decode(tag.Slice(at + 1, length));
        _attribute = at + length + 2;
        return true;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private void Start()
    {
        _started = true;
        while (_end < 4 && Fill())
        {
        }
        ReadOnlySpan<byte> head = _buffer.AsSpan(0, _end);
        if (head.StartsWith("\uFEFF"u8)) _at = 3;
        else if (head.Length >= 2 && (head[0] is 0xFE or 0xFF || head[0] == 0 || head[1] == 0)) throw new BadFormatException("it is not UTF-8");
    }

    private void ReadTag()
    {
        if (_ended) throw new BadFormatException("something stands behind its end");
        int scan = 1;
        while (true)
        {
            int found = _buffer.AsSpan(_at + scan, _end - _at - scan).IndexOfAny(s_tagEnds);
            if (found < 0)
            {
                scan = _end - _at;
                More();
                continue;
            }
            scan += found;
            byte b = _buffer[_at + scan];
            if (b == '>') break;
            int close;
            int from = scan + 1;
            while ((close = _buffer.AsSpan(_at + from, _end - _at - from).IndexOf(b)) < 0)
            {
                from = _end - _at;
                More();
            }
            scan = from + close + 1;
        }
        _tagEnd = _at + scan;
        _nameStart = _nameEnd = _at + 1;
        while (_nameEnd < _tagEnd && !IsSpace(_buffer[_nameEnd]) && _buffer[_nameEnd] != '/') _nameEnd++;
        if (_nameEnd == _nameStart) throw new BadFormatException("an element has no name");
        _attribute = _nameEnd;
        _at = _tagEnd + 1;
        if (_buffer[_tagEnd - 1] == '/') _ended = _depth == 0;
        else if (++_depth > MaxDepth) throw new BadFormatException("its elements are nested too deeply");
    }

    private void SkipMarkup()
    {
        Need(9);
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_at, _end - _at);
        if (rest.StartsWith("<!--"u8)) SkipTo("-->"u8);
        else if (rest.StartsWith("<![CDATA["u8)) SkipTo("]]>"u8);
        else throw new BadFormatException("it declares a document type, which is not allowed here");
    }

    private void SkipTo(ReadOnlySpan<byte> end)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_at, _end - _at).IndexOf(end);
            if (found >= 0)
            {
                _at += found + end.Length;
                return;
            }
            _at = Math.Max(_at, _end - end.Length + 1);
            if (!Fill()) throw new BadFormatException("it ends in the middle");
        }
    }

    private void Need(int bytes)
    {
        while (_end - _at < bytes)
        {
            if (!Fill()) throw new BadFormatException("it ends in the middle");
        }
    }

    private void More()
    {
        if (_end - _at > MaxTag) throw new BadFormatException($"an element is longer than {MaxTag} bytes");
        if (!Fill()) throw new BadFormatException("it ends in the middle");
    }

    // Keeps what stands from _at on; false at the end of the stream.
    private bool Fill()
    {
        if (_at > 0)
        {
            _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
            _end -= _at;
            _at = 0;
        }
        if (_end == _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }

    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> raw)
    {
        int ampersand = raw.IndexOf((byte)'&');
        if (ampersand < 0) return raw;
        if (_decoded.Length < raw.Length) _decoded = new byte[Math.Max(raw.Length, _decoded.Length * 2)];
        int length = 0;
        while (ampersand >= 0)
        {
            raw[..ampersand].CopyTo(_decoded.AsSpan(length));
            length += ampersand;
            raw = raw[ampersand..];
            int end = raw.IndexOf((byte)';');
            if (end < 0 || !TryEntity(raw[1..end], _decoded.AsSpan(length), out int written)) throw new BadFormatException("it uses an entity that XML does not have");
            length += written;
            raw = raw[(end + 1)..];
            ampersand = raw.IndexOf((byte)'&');
        }
        raw.CopyTo(_decoded.AsSpan(length));
        return _decoded.AsSpan(0, length + raw.Length);
    }

    // XML 1.0, sections 4.1 and 4.6. No entity is shorter than what it stands for.
    private static bool TryEntity(ReadOnlySpan<byte> name, Span<byte> target, out int written)
    {
        written = 1;
        if (name.SequenceEqual("lt"u8)) target[0] = (byte)'<';
        else if (name.SequenceEqual("gt"u8)) target[0] = (byte)'>';
        else if (name.SequenceEqual("amp"u8)) target[0] = (byte)'&';
        else if (name.SequenceEqual("quot"u8)) target[0] = (byte)'"';
        else if (name.SequenceEqual("apos"u8)) target[0] = (byte)'\'';
        else
        {
            if (name.Length < 2 || name[0] != '#') return false;
            bool hex = name[1] == 'x';
            ReadOnlySpan<byte> digits = name[(hex ? 2 : 1)..];
            return Utf8Parser.TryParse(digits, out uint code, out int used, hex ? 'x' : 'D') && used == digits.Length
                && Rune.TryCreate(code, out Rune rune) && rune.TryEncodeToUtf8(target, out written);
        }
        return true;
    }
}

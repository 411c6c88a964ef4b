using System.Globalization;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Maps a static archive, GNU, BSD, COFF or thin: members are files, read in turn; besides there are member headers, the
/// symbol index and the table of long names. (FreeBSD ar(5), System V ABI chapter 7, PE format "Archive (Library) File
/// Format"; thin archives: GNU ar(1).)
/// </summary>
public static class ArReader
{
    private const int HeaderSize = 60;

    // A longer name is not one; it bounds what many members with one long name can cost.
    private const int MaxName = 1024;

    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        ByteView bytes = scope.Bytes;
        bool thin = bytes.Matches(0, "!<thin>\n"u8);
        if (!thin && !bytes.Matches(0, "!<arch>\n"u8)) throw new BadFormatException("the magic number of an archive is missing");
        scope.Claim(0, 8, PartKind.Header, ContentKind.Format, "archive magic");
        int headers = -1, padding = -1;
        ByteView longNames = default;
        for (long at = 8; at < bytes.Length;)
        {
            if (bytes.Length - at < HeaderSize && bytes.IsFilledWith(at, bytes.Length - at, 0)) break;
            ReadOnlySpan<byte> header = bytes.Span(at, HeaderSize);
            if (header[58] != '`' || header[59] != '\n') throw new BadFormatException($"no member header stands at offset {at}");
            long size = Number(header.Slice(48, 10), at);
            ReadOnlySpan<byte> name = header[..16].TrimEnd((byte)' ');
            long start = at + HeaderSize, nameSize = 0;
            if (name.StartsWith("#1/"u8))
            {
                nameSize = Number(name[3..], at);
                if (nameSize > size) throw new BadFormatException($"the member at offset {at} has a name of {nameSize} bytes and a size of {size}");
                name = Terminated(bytes.Slice(start, nameSize).Clip(0, MaxName), "\0"u8);
            }
            bool index = name.SequenceEqual("/"u8) || name.SequenceEqual("/SYM64/"u8) || name.SequenceEqual("/<ECSYMBOLS>/"u8) || name.StartsWith("__.SYMDEF"u8);
            bool table = name.SequenceEqual("//"u8) || name.SequenceEqual("ARFILENAMES/"u8);
            if (headers < 0) headers = scope.Map.AddPart(scope.Part, PartKind.Header, ContentKind.Format, scope.Names.Intern("member headers"));
            scope.Extend(at, HeaderSize + nameSize, headers);
            // A member of a thin archive is a path; its bytes are elsewhere.
            long there = thin && !index && !table ? 0 : size;
            long content = start + nameSize, length = Math.Max(0, there - nameSize);
            if (!bytes.Contains(content, length))
            {
                scope.Warn(MapWarningCodes.Damaged, string.Create(CultureInfo.InvariantCulture, $"the archive member of {size} bytes at offset {at} does not fit the file"));
                length = Math.Max(0, bytes.Length - content);
            }
            if (index) scope.Claim(content, length, PartKind.Block, ContentKind.Symbols, "symbol index");
            else if (table)
            {
                longNames = bytes.Clip(content, length);
                scope.Claim(content, length, PartKind.Block, ContentKind.Format, "long names");
            }
            else if (length > 0)
            {
                int part = scope.Claim(content, length, PartKind.File, ContentKind.Other, MemberName(name, longNames, at));
                FormatReader.Read(scope.Inner(content, length, part));
            }
            at = content + length;
            if ((at & 1) != 0 && at < bytes.Length)
            {
                // The byte that keeps members on even offsets is a line feed, not a zero.
                if (padding < 0) padding = scope.Map.AddPart(scope.Part, PartKind.Padding, ContentKind.Padding, scope.Names.Intern("padding"));
                scope.Extend(at++, 1, padding);
            }
        }
    }

    private static ReadOnlySpan<byte> MemberName(ReadOnlySpan<byte> name, ByteView longNames, long at)
    {
        if (name.Length > 1 && name[0] == '/' && char.IsAsciiDigit((char)name[1]))
        {
            int nested = name.IndexOf((byte)':');
            long offset = Number(nested > 0 ? name[1..nested] : name[1..], at);
            if (offset < longNames.Length) name = Terminated(longNames.Clip(offset, MaxName), "\n\0"u8);
        }
        return name.Length > 1 && name[^1] == '/' ? name[..^1] : name;
    }

    private static ReadOnlySpan<byte> Terminated(ByteView name, ReadOnlySpan<byte> ends)
    {
        ReadOnlySpan<byte> span = name.Span();
        int end = span.IndexOfAny(ends);
        return end < 0 ? span : span[..end];
    }

    private static long Number(ReadOnlySpan<byte> digits, long at)
    {
        digits = digits.TrimEnd((byte)' ');
        return System.Buffers.Text.Utf8Parser.TryParse(digits, out long value, out int used) && used == digits.Length && value >= 0
            ? value
            : throw new BadFormatException($"the member header at offset {at} has no number where one should be");
    }
}

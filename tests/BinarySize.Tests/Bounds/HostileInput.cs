using System.Buffers.Binary;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Bounds;

/// <summary>
/// Damages good files in the ways that hurt readers: cut off at boundaries, flipped bytes, huge counts, offsets that make
/// tables overlap or lead in circles. Where to, the good file's own map says: tables and headers are hit more often than code.
/// </summary>
internal sealed class HostileInput
{
    private static readonly ulong[] s_counts = [0, 1, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, ulong.MaxValue];

    private readonly byte[] _good;
    private readonly List<(int Start, int Length)> _tables = [];
    private readonly List<(int Start, int Length)> _runs = [];
    private readonly List<int> _boundaries = [];

    public HostileInput(byte[] good)
    {
        _good = good;
        using SizeMap map = FormatReader.Map(FileView.FromBytes(good, "good"), "good");
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice slice = map.Slices[i];
            _boundaries.Add((int)slice.Start);
            if (slice.Content is ContentKind.Format or ContentKind.Symbols or ContentKind.Relocations or ContentKind.Unwind or ContentKind.Metadata or ContentKind.Debug
                || map.Parts[slice.Part].Kind == PartKind.Header) _tables.Add(((int)slice.Start, (int)map.LengthOf(i)));
        }
        // Whole tables: what one part has without a break.
        for (int i = 0, next; i < map.Slices.Length; i = next)
        {
            long length = 0;
            for (next = i; next < map.Slices.Length && map.Slices[next].Part == map.Slices[i].Part; next++) length += map.LengthOf(next);
            if (length > 1024 && map.Slices[i].Content is not ContentKind.Code) _runs.Add(((int)map.Slices[i].Start, (int)length));
        }
        _tables.Add((0, Math.Min(good.Length, 1024)));
        _tables.Add((Math.Max(0, good.Length - 4096), Math.Min(good.Length, 4096)));
    }

    public byte[] Next(Random random)
    {
        byte[] bad = [.. _good];
        if (_runs.Count > 0 && random.Next(6) == 0)
        {
            // Where the table holds strings, they become one string, and every name the rest of it.
            (int start, int length) = _runs[random.Next(_runs.Count)];
            bad.AsSpan(start, length).Fill(random.Next(4) == 0 ? (byte)1 : (byte)'a');
            return bad;
        }
        for (int n = random.Next(1, 12); n > 0; n--)
        {
            int at = Place(random);
            int word = random.Next(3) switch { 0 => 2, 1 => 4, _ => 8 };
            switch (random.Next(7))
            {
                case 0:
                    bad[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bad[at] = (byte)random.Next(256);
                    break;
                case 2 or 3:
                    Put(bad, random, at, word, s_counts[random.Next(s_counts.Length)]);
                    break;
                case 4:
                    Put(bad, random, at, word, (ulong)random.Next(_good.Length));
                    break;
                case 5:
                    // One record over and over, or a table over another.
                    int from = Place(random), size = Math.Min(random.Next(1, 4096), bad.Length - Math.Max(from, at));
                    bad.AsSpan(from, size).ToArray().CopyTo(bad.AsSpan(at));
                    break;
                default:
                    bad.AsSpan(at, Math.Min(random.Next(1, 512), bad.Length - at)).Fill((byte)(random.Next(2) * 255));
                    break;
            }
        }
        return random.Next(5) == 0 ? bad[..Math.Clamp(_boundaries[random.Next(_boundaries.Count)] + random.Next(-1, 2), 0, bad.Length)] : bad;
    }

    private int Place(Random random)
    {
        (int start, int length) = random.Next(5) == 0 ? (0, _good.Length) : _tables[random.Next(_tables.Count)];
        return start + random.Next(length);
    }

    private static void Put(byte[] bytes, Random random, int at, int size, ulong value)
    {
        at = Math.Min(at & ~(Math.Min(size, 4) - 1), bytes.Length - size);
        if (at < 0) return;
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        word = word[..size];
        if (random.Next(8) == 0) word.Reverse();
        word.CopyTo(bytes.AsSpan(at));
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Pe;

/// <summary>Damages a good file in the ways that hurt readers, and checks that its map still adds up, in time.</summary>
internal static class Mutator
{
    private static readonly uint[] s_values = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF];

    /// <param name="hot">Ranges that hold tables and headers, where most of the damage is done.</param>
    public static void Run(byte[] good, int seed, int rounds, params (int Start, int Length)[] hot)
    {
        var random = new Random(seed);
        var clock = new Stopwatch();
        for (int round = 0; round < rounds; round++)
        {
            byte[] bad = [.. good];
            int changes = 1 + random.Next(8);
            for (int i = 0; i < changes; i++)
            {
                (int start, int length) = random.Next(4) == 0 ? (0, bad.Length) : hot[random.Next(hot.Length)];
                if (start >= bad.Length - 4) continue;
                int at = start + random.Next(Math.Max(1, Math.Min(length, bad.Length - start - 4)));
                switch (random.Next(6))
                {
                    case 0:
                        bad[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        bad[at] = (byte)random.Next(256);
                        break;
                    case 2:
                        BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(at & ~3), s_values[random.Next(s_values.Length)]);
                        break;
                    case 3:
                        // Points somewhere into the file: overlaps and cycles.
                        BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(at & ~3), (uint)random.Next(good.Length));
                        break;
                    case 4:
                        int from = random.Next(bad.Length - 4), n = Math.Min(random.Next(1, 64), bad.Length - Math.Max(from, at));
                        bad.AsSpan(from, n).ToArray().CopyTo(bad.AsSpan(at));
                        break;
                    default:
                        bad.AsSpan(at, Math.Min(random.Next(1, 256), bad.Length - at)).Fill((byte)(random.Next(2) * 255));
                        break;
                }
            }
            if (random.Next(5) == 0) Array.Resize(ref bad, random.Next(bad.Length));
            clock.Restart();
            using SizeMap map = PeSamples.Checked(FormatReader.Map(FileView.FromBytes(bad, "bad"), "bad"), bad.Length);
            Assert.True(clock.Elapsed.TotalSeconds < 2, $"round {round} of seed {seed} took {clock.Elapsed}");
        }
    }

    /// <summary>Cuts the file at every boundary that matters and at many that do not.</summary>
    public static void Truncate(byte[] good, int step)
    {
        for (int length = 0; length < good.Length; length += length < 1024 ? 7 : step)
        {
            using SizeMap map = PeSamples.Checked(FormatReader.Map(FileView.FromBytes(good.AsSpan(0, length), "cut"), "cut"), length);
        }
    }
}
